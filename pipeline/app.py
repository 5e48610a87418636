"""Composition root: opens every resource of a run in one stack and closes it in reverse."""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import structlog
from pydantic import SecretStr

from pipeline.budget import Standing, caps_of, price_problem
from pipeline.client import Platform, open_platform
from pipeline.client.analyses import OnText
from pipeline.client.limits import Books, ClassName, windows_of
from pipeline.client.webhooks import Events, Receiver, open_receiver
from pipeline.config import (
    API_KEY_VARIABLE,
    REMOTE_URL,
    WEBHOOK_SECRET_VARIABLE,
    ServerSettings,
    Settings,
)
from pipeline.errors import ConfigError, DeadlineReached, FolderLocked, LedgerError
from pipeline.feed import Row, Sizes, kept
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger, LedgerView, SourceRow
from pipeline.ledger.commitments import Commitments, Purview
from pipeline.ledger.draws import Draws
from pipeline.ledger.folder import hold
from pipeline.manifests.globs import any_matches
from pipeline.media.probe import Prober
from pipeline.models import Recipe, Video
from pipeline.progress import Snapshot
from pipeline.recipes import Recipes
from pipeline.runner import Runner, Tally
from pipeline.server.app import serve
from pipeline.steps.answer import Answers
from pipeline.steps.batch import Batches
from pipeline.steps.cancel import Cancellation, UnderWay, under_way
from pipeline.steps.cancel import cancel as cancel_jobs
from pipeline.steps.checks import Checks
from pipeline.steps.delivery import Choice, Deliveries, choose
from pipeline.steps.drawing import Drawing
from pipeline.steps.landing import Landing
from pipeline.steps.lanes import Lanes, Rule
from pipeline.steps.media import Media
from pipeline.steps.one_request import sync_problem
from pipeline.steps.packing import batch_problem
from pipeline.steps.pictures import PictureDesk
from pipeline.steps.purse import Purse
from pipeline.steps.revalidate import Revalidation
from pipeline.steps.revalidate import revalidate as judge_again
from pipeline.steps.sync import Sync
from pipeline.steps.task import Tasks
from pipeline.steps.upload import Uploads
from pipeline.steps.write import Writer

log = structlog.get_logger()


@dataclass(slots=True)
class Traffic:
    """Bytes of media that left, of this run."""

    uploaded_bytes: int = 0

    def __call__(self, count: int) -> None:
        self.uploaded_bytes += count


class Run:
    """One invocation: what it drives, and where it stands."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        runner: Runner,
        writer: Writer,
        platform: Platform,
        traffic: Traffic,
        run_id: str,
        drawing: Drawing,
    ) -> None:
        self.id = run_id
        self.folder = settings.output.dir / "runs" / run_id
        self.ledger = ledger
        self.runner = runner
        self.writer = writer
        self.platform = platform
        self.traffic = traffic
        self.events: Events | None = None  # of webhooks; None where nothing listens
        self.budget: Sequence[Standing] = ()  # once it has been executed
        self._drawing = drawing
        self._settings = settings
        self._began = time.monotonic()

    @property
    def tally(self) -> Tally:
        """What the run did so far."""
        return self.runner.tally

    async def execute(self, rows: Iterable[Row], *, collect: bool = True) -> None:
        """Drive everything to its end, or to where the run was stopped; then bring `failures.jsonl` up to date.

        Args:
            rows: videos and their recipes.
            collect: first what earlier runs paid for.
        """
        await self._drawing.begin()
        await self.runner.run(rows, self._settings.scope if collect else None)
        await self.ledger.settle()  # whoever was stopped while its record was on the way to the disk did not wait
        self.budget = await self._drawing.end()
        await self.writer.settle()

    def reopened_rows(self, classes: frozenset[str]) -> Iterator[Row]:
        """The rows of failed jobs, as if a manifest had named them again, to be driven from their last good fact; and
        of those that an interrupted run left before anything was paid.

        Args:
            classes: error classes or codes to reopen; empty means all.
        """
        # rows are read in worker threads, so from a connection of their own
        with closing(LedgerView(self._settings.output.dir / "ledger.db")) as view:
            for job, source, _ in view.failures():
                if job.recipe.scope == self._settings.scope and _chosen(job, classes):
                    self.runner.reopen(job.key)
                    yield _row_again(job, source)
            for job in view.jobs(State.ACCEPTED, State.OPENED, State.UPLOADED, scope=self._settings.scope):
                for source in view.sources(job.key, written=False):
                    yield _row_again(job, source)

    def snapshot(self, total: int | None) -> Snapshot:
        """Where the run stands now."""
        tally = self.tally
        return Snapshot(
            rows=tally.rows,
            total=tally.rows if tally.exhausted else total,
            settled=tally.skipped + tally.failed_before + tally.failed + self.writer.lines,
            skipped=tally.skipped + tally.failed_before,
            written=self.writer.lines,
            failed=tally.failed + tally.failed_before,
            in_flight=tally.in_flight,
            uploaded_bytes=self.traffic.uploaded_bytes,
            spent_usd=self.writer.spent_usd,
            elapsed_s=time.monotonic() - self._began,
        )


def _chosen(job: Job, classes: frozenset[str]) -> bool:
    return not classes or (job.failure is not None and not classes.isdisjoint({job.failure.error, job.failure.code}))


def _row_again(job: Job, source: SourceRow) -> Row:
    metadata = dict(source.metadata)
    name = metadata.pop("id", None)
    return Video(source.source, source.path, None if name is None else str(name), metadata), job.recipe


UNFIT: Mapping[str, Callable[[Recipe], str | None]] = {"sync": sync_problem, "batch": batch_problem}


def recipes_of(settings: Settings) -> Recipes:
    """What is asked, and may be asked in the way that was chosen, under the budget.

    Raises:
        ConfigError: all that is wrong with it, one a line.
    """
    unfit = UNFIT.get(settings.run.delivery)

    def problem(recipe: Recipe) -> str | None:
        return (unfit and unfit(recipe)) or _price_problem(settings, recipe.model)

    return Recipes(settings, problem)


def _price_problem(settings: Settings, model: str) -> str | None:
    return price_problem(settings.budget, settings.effective_prices, model)


def rows_of(videos: Iterable[Video], recipes: Recipes) -> Iterator[Row]:
    """Manifest rows with what is asked of each."""
    return ((video, recipes.of(video.overrides)) for video in videos)


@asynccontextmanager
async def open_run(
    settings: Settings,
    on_saved: Callable[[Job], None] | None = None,
    on_text: OnText | None = None,
    rows: int | None = None,
) -> AsyncIterator[Run]:
    """Open everything a run needs, in the order in which it may be refused.

    Args:
        settings: what the program was told.
        on_saved: told of every job once its facts are on the disk.
        on_text: told each piece of an answer while it arrives, with delivery `sync`.
        rows: how many there are, where that is known, for delivery `auto`.

    Raises:
        DeadlineReached: the run was to end before now.
        ConfigError: a remote platform without an API key, or without the secret of webhooks that are listened for; a
            cap on cost without a price.
        FolderLocked: another run holds the output folder.
        LedgerError, SinkError: the output folder cannot be used.
    """
    if (until := settings.run.until) is not None and until <= datetime.now(UTC):
        raise DeadlineReached(f"run.until, {until.astimezone():%Y-%m-%d %H:%M}, is over; set a later one")
    folder = settings.output.dir
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
    async with AsyncExitStack() as stack:
        key = _required_key(settings)
        secret = _webhook_secret(settings)
        if problem := _price_problem(settings, settings.recipe.model):
            raise ConfigError(problem)
        stack.enter_context(hold(folder))
        stack.enter_context(_run_log(settings, folder / "runs" / run_id))
        ledger = await stack.enter_async_context(Ledger(folder / "ledger.db", on_saved))
        prices = settings.effective_prices
        landing = Landing()
        writer = await stack.enter_async_context(Writer(ledger, folder, prices, run_id, landing))
        receiver = None
        if secret is not None:
            receiver = await stack.enter_async_context(open_receiver(settings.webhooks, secret))
        platform = await _platform(stack, settings, key, receiver)
        if until is not None:
            platform.transport.limits.end_by(until)
        platform.watch.learn(ledger.waits())
        prober = await stack.enter_async_context(
            Prober(settings.upload.probe_timeout_s, settings.upload.probe_processes)
        )
        choice = choose(settings.run.delivery, settings.recipe.model, rows, settings.batch)
        log.info("delivery.chosen", delivery=choice.way, reason=choice.reason, longest_s=choice.longest_s)
        purse = await _purse(stack, settings, ledger, run_id)
        run, batches = _assemble(settings, ledger, platform, writer, prober, landing, run_id, on_text, choice, purse)
        await stack.enter_async_context(batches.open())
        if receiver is not None:
            receiver.tell(lambda id_: None if batches.wake(id_) else platform.watch.wake(id_))
            run.events = receiver.events
        yield run


async def revalidate(settings: Settings) -> Revalidation:
    """Judge the answers of an output folder again, without any platform.

    Raises:
        FolderLocked: a run holds the output folder.
        LedgerError, SinkError: it cannot be used.
    """
    folder = settings.output.dir
    prices = settings.effective_prices
    with hold(folder):
        async with (
            Ledger(folder / "ledger.db") as ledger,
            Writer(ledger, folder, prices, "", Landing()) as writer,
        ):
            return await judge_again(ledger, writer, folder / "results.jsonl")


async def cancel(
    settings: Settings, patterns: Sequence[str], agree: Callable[[UnderWay], bool]
) -> tuple[UnderWay, Cancellation | None]:
    """Cancel what the platform is at work on for an output folder, once that is agreed to; None where it is not.

    Args:
        settings: of the run that submitted it.
        patterns: of sources; empty means all.
        agree: is told what would be canceled, before anything is touched.

    Raises:
        ConfigError: a remote platform without an API key.
        FolderLocked: a run holds the output folder.
        PauseRun, FatalError: the platform or the folder cannot be used.
    """
    key = _required_key(settings)
    folder = settings.output.dir
    matches = any_matches(patterns)
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(hold(folder))
        except FolderLocked as error:
            raise FolderLocked(f"a run holds {folder}; stop it first (Ctrl-C, once), then cancel") from error
        ledger = await stack.enter_async_context(Ledger(folder / "ledger.db"))
        found = under_way(ledger, settings.scope, lambda source: not patterns or matches(source.lstrip("/")))
        if not agree(found):
            return found, None
        prices = settings.effective_prices
        writer = await stack.enter_async_context(Writer(ledger, folder, prices, "", Landing()))
        platform = await _platform(stack, settings, key)
        try:
            done = await cancel_jobs(ledger, platform, found)
        finally:  # whatever ended it early: what was canceled until then is told
            await writer.settle()
        if (purse := await _purse(stack, settings, ledger, "")) is not None:
            await purse.square(settings.effective_limits.tokens_per_answer)
        return found, done


def _assemble(
    settings: Settings,
    ledger: Ledger,
    platform: Platform,
    writer: Writer,
    prober: Prober,
    landing: Landing,
    run_id: str,
    on_text: OnText | None,
    choice: Choice,
    purse: Purse | None,
) -> tuple[Run, Batches]:
    traffic = Traffic()
    upload = choice.uploading(settings.upload)
    checks = Checks(platform, prober, settings.sync, choice.way, upload.inline_max_bytes)
    sizes = Sizes()
    files = Lanes(Rule(upload.files))
    if settings.run.order == "mixed":
        files = Lanes(Rule(upload.files, kept(upload.files)), sizes.is_large)
    uploads = Uploads(platform, ledger, upload, files, landing, checks, traffic, lambda: runner.stopped_by)
    media = Media(platform, ledger, PictureDesk(platform, ledger, settings.upload, traffic))
    drawing = Drawing(platform.analyses, settings.effective_limits.tokens_per_answer, purse)
    tasks = Tasks(platform, ledger, settings.run, landing, media, drawing)
    sync = Sync(platform, ledger, settings.sync, landing, media, drawing, on_text)
    batch = settings.effective_batch
    batches = Batches(
        platform, ledger, settings.scope, settings.run, batch, landing, media, drawing, tasks, choice.longest_s
    )
    deliveries = Deliveries(drawing, {"task": tasks, "sync": sync, "batch": batches}, choice)
    steps = {
        State.ACCEPTED: uploads.begin,
        State.OPENED: uploads.send_chunks,
        State.UPLOADED: deliveries.submit,
        State.SUBMITTED: deliveries.poll,
        State.ANALYZED: Answers(ledger, writer, settings.recipe.max_reasks).settle,
    }
    in_flight = settings.run
    if choice.way == "batch":  # most of them only wait; uploads have a limit of their own
        workers = max(in_flight.workers, batch.jobs_in_flight)
        in_flight = in_flight.model_copy(update={"workers": workers})
    runner = Runner(ledger, steps, in_flight, run_id=run_id, landing=landing, on_change=writer.note, sizes=sizes)
    if purse is not None:
        purse.rests_on = runner.rests_on
    return Run(settings, ledger, runner, writer, platform, traffic, run_id, drawing), batches


async def _purse(stack: AsyncExitStack, settings: Settings, ledger: Ledger, run_id: str) -> Purse | None:
    """The budget, where there is one, or where other folders have one that this one shares."""
    budget, scope = settings.budget, settings.scope
    caps = caps_of(budget)
    if not caps and budget.shared_file is None:
        return None
    purview = Purview(scope, run_id, budget.day_s)
    commitments = Commitments(budget_file(settings), caps, purview, await ledger.folder_id())
    stack.enter_context(commitments)
    return Purse(commitments, ledger, caps, budget, settings.effective_prices, scope)


def budget_file(settings: Settings) -> Path:
    """Where what is committed is remembered."""
    return settings.budget.shared_file or settings.output.dir / "budget.db"


def _books(stack: AsyncExitStack, settings: Settings) -> Books:
    """Where draws are remembered: only where something limits them."""
    limits = settings.effective_limits
    keep_s = limits.day_s + limits.slack_s
    names: tuple[ClassName, ...] = ("analyze", "upload")
    return {
        name: stack.enter_context(Draws(settings.limits_file, settings.scope, name, keep_s))
        for name in names
        if windows_of(limits, name) or (name == "analyze" and limits.effective_lifetime_minutes is not None)
    }


def _required_key(settings: Settings) -> SecretStr | None:
    if settings.api_key is None and not settings.is_local:
        raise ConfigError(f"the platform needs an API key: set {API_KEY_VARIABLE}, or use --platform local")
    return settings.api_key


def _webhook_secret(settings: Settings) -> SecretStr | None:
    """What events are signed with; None where nothing listens for any. The embedded platform takes a made-up one."""
    if settings.webhooks.port is None:
        return None
    if settings.is_local:
        return settings.server.webhook_secret or settings.webhook_secret or SecretStr(secrets.token_urlsafe(24))
    if settings.webhook_secret is None:
        raise ConfigError(
            "events of a remote platform are believed by their signature only: set"
            f" {WEBHOOK_SECRET_VARIABLE} to the secret that its dashboard shows for the webhook, or name a file that"
            " holds it in webhooks.secret_file, or leave out --webhook-port"
        )
    return settings.webhook_secret


async def _platform(
    stack: AsyncExitStack, settings: Settings, key: SecretStr | None, receiver: Receiver | None = None
) -> Platform:
    """The platform that the settings name, until the stack is closed; events go to the receiver."""
    base_url, key = await _platform_address(stack, settings, key, receiver)
    return await stack.enter_async_context(
        open_platform(
            base_url,
            key,
            upload=settings.upload,
            polling=settings.effective_polling,
            retry=settings.retry,
            limits=settings.effective_limits,
            books=_books(stack, settings),
        )
    )


async def _platform_address(
    stack: AsyncExitStack, settings: Settings, key: SecretStr | None, receiver: Receiver | None
) -> tuple[str, SecretStr]:
    """The base URL and key to use; starts the embedded platform where that is asked for, with a key that nobody else
    has, and with word of where its events go.
    """
    if not settings.is_local:
        assert key is not None
        return (settings.platform.base_url or REMOTE_URL).rstrip("/"), key
    own_key = secrets.token_urlsafe(24)
    server = settings.server
    if "data" not in server.model_fields_set:
        server = server.model_copy(update={"data": settings.output.dir / "platform"})
    if receiver is not None:
        server = _told(server, receiver)
    embedded = await stack.enter_async_context(serve(server, own_key))
    return embedded.base_url, SecretStr(own_key)


def _told(server: ServerSettings, receiver: Receiver) -> ServerSettings:
    """The embedded platform's settings with this run's receiver among those that are told."""
    return server.model_copy(
        update={"webhook_urls": (*server.webhook_urls, receiver.url), "webhook_secret": receiver.secret}
    )


@contextmanager
def _run_log(settings: Settings, folder: Path) -> Iterator[TextIO]:
    from pipeline import log as logs

    try:
        folder.mkdir(parents=True)
        file = (folder / "log.jsonl").open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise LedgerError(
            f"cannot write the run's log in {folder}: {error.strerror}; check the output folder"
        ) from error
    try:
        logs.configure(settings.log, file=file)
        structlog.contextvars.bind_contextvars(run_id=folder.name)
        yield file
    finally:
        logs.configure(settings.log)
        with suppress(OSError):  # on a full disk its last lines are lost; the ledger is what has to be whole
            file.close()
