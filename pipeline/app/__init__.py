"""Composition root: opens every resource of a run in one stack and closes it in reverse."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import structlog

from pipeline.app.platform import connected, required_key, webhook_secret
from pipeline.app.run import Run, Traffic, left_behind
from pipeline.app.run_log import run_log
from pipeline.app.tuner import Tuner
from pipeline.budget import caps_of, price_problem
from pipeline.client import Platform
from pipeline.client.analyses import OnText
from pipeline.config import Settings
from pipeline.errors import ConfigError, DeadlineReached, FolderLocked
from pipeline.feed import Row, Sizes, kept
from pipeline.jobs import Job, State
from pipeline.ledger import Ledger
from pipeline.ledger.commitments import Commitments, Purview
from pipeline.ledger.folder import hold
from pipeline.manifests.globs import any_matches
from pipeline.media.probe import Prober
from pipeline.models import Recipe, Video
from pipeline.recipes import Recipes
from pipeline.runner import Runner
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

__all__ = ["Run", "cancel", "left_behind", "open_run", "recipes_of", "revalidate", "rows_of"]

log = structlog.get_logger()


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
        key = required_key(settings)
        secret = webhook_secret(settings)
        if problem := _price_problem(settings, settings.recipe.model):
            raise ConfigError(problem)
        stack.enter_context(hold(folder))
        stack.enter_context(run_log(settings, folder / "runs" / run_id))
        ledger = await stack.enter_async_context(Ledger(folder / "ledger.db", on_saved))
        prices = settings.effective_prices
        landing = Landing()
        writer = await stack.enter_async_context(Writer(ledger, folder, prices, run_id, landing))
        receiver = None
        if secret is not None:
            from pipeline.client.webhooks import open_receiver  # a server's half of aiohttp, for whoever listens

            receiver = await stack.enter_async_context(open_receiver(settings.webhooks, secret))
        platform = await connected(stack, settings, key, receiver)
        if until is not None:
            platform.limits.end_by(until)
        platform.watch.learn(ledger.waits())
        prober = await stack.enter_async_context(
            Prober(settings.upload.probe_timeout_s, settings.upload.probe_processes)
        )
        choice = choose(settings.run.delivery, settings.recipe.model, rows, settings.batch)
        log.info("delivery.chosen", delivery=choice.way, reason=choice.reason, longest_s=choice.longest_s)
        purse = await _purse(stack, settings, ledger, run_id)
        run, batches = _assemble(settings, ledger, platform, writer, prober, landing, run_id, on_text, choice, purse)
        await stack.enter_async_context(batches.open())
        stack.enter_context(run.at_hand())
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
    key = required_key(settings)
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
        platform = await connected(stack, settings, key)
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
    runner = Runner(
        ledger,
        steps,
        in_flight,
        run_id=run_id,
        landing=landing,
        on_change=writer.note,
        sizes=sizes,
        valve=platform.limits.valve,
    )
    if purse is not None:
        purse.rests_on = runner.rests_on
    tuner = Tuner(settings.output.dir, run_id, runner, platform, files)
    return Run(settings, ledger, runner, writer, platform, traffic, run_id, drawing, tuner), batches


async def _purse(stack: AsyncExitStack, settings: Settings, ledger: Ledger, run_id: str) -> Purse | None:
    """The budget, where there is one, or where other folders have one that this one shares."""
    budget, scope = settings.budget, settings.scope
    caps = caps_of(budget)
    if not caps and budget.shared_file is None:
        return None
    purview = Purview(scope, run_id, budget.day_s)
    commitments = Commitments(settings.budget_file, caps, purview, await ledger.folder_id())
    stack.enter_context(commitments)
    return Purse(commitments, ledger, caps, budget, settings.effective_prices, scope)
