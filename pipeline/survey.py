"""Looks at what a run would work through, as a run would, and spends nothing: manifest, ledger, headers of files.

Rows are read twice and never kept. First every file is noted by its size, so that copies are known without reading the
archive; then each row is sorted in. What is kept of a row is a few bytes of its key.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from pipeline.client.forecast import Forecast, forecast
from pipeline.client.limits import ClassName, windows_of
from pipeline.config import LimitSettings, Settings
from pipeline.errors import LedgerError, SourceUnreadable, UnexpectedResponse
from pipeline.jobs import Job, State
from pipeline.ledger import HeldAsset, LedgerView
from pipeline.ledger.draws import drawn_since
from pipeline.ledger.headers import Seen, SeenFiles
from pipeline.media.copies import Copies, print_of
from pipeline.media.identity import stamp_of
from pipeline.media.pictures import identity_of_set, recipe_of_images, url_content
from pipeline.media.probe import Prober
from pipeline.media.stills import SUBJECT
from pipeline.models import Draw, Drawn, FileStamp, Header, Recipe, Video
from pipeline.modes.envelope import unwrap
from pipeline.plan import FEW_ANSWERS, Plan, Schedule, Tokens, tokens_of
from pipeline.steps.delivery import Choice, choose
from pipeline.steps.fitness import unfit

T = TypeVar("T")
Row = tuple[Video, Recipe]
SLICE = 256  # rows looked at in one hop to a worker thread
KEY_BYTES = 16  # of a key or content that is kept
MOST_ANSWERS = 1000  # the newest of a recipe, from which tokens are told


@dataclass(slots=True)
class Survey:
    """A plan and everything beside it.

    Attributes:
        looked: rows sorted in so far.
        choice: how questions would be asked; known once the rows are counted.
        schedule: under the limits that hold.
        remote_schedule: under those of the remote platform, where the embedded one is asked and has none.
    """

    plan: Plan
    looked: int = 0
    choice: Choice | None = None
    schedule: Schedule | None = None
    remote_schedule: Schedule | None = None


async def survey(settings: Settings, rows: Callable[[], Iterator[Row]], found: Survey) -> None:
    """Find out what a run would do.

    Args:
        settings: of the run.
        rows: gives every row from the first on; is asked twice.
        found: is filled in, and may be watched meanwhile.

    Raises:
        LedgerError: the ledger of the output folder cannot be read.
    """
    folder = settings.output.dir
    with ExitStack() as stack:
        ledger = _ledger_of(folder)
        if ledger is not None:
            stack.callback(ledger.close)
        seen = stack.enter_context(SeenFiles(folder))
        async with Prober(settings.upload.probe_timeout_s, settings.upload.probe_processes) as prober:
            surveyor = _Surveyor(settings, found, ledger, seen, prober)
            await surveyor.note_files(rows())
            await surveyor.sort_in(rows())
    limits = settings.effective_limits
    found.schedule = _schedule(settings, limits, found.plan, _drawn(settings))
    if settings.is_local and limits != settings.limits:
        found.remote_schedule = _schedule(settings, settings.limits, found.plan, {})


def _ledger_of(folder: Path) -> LedgerView | None:
    path = folder / "ledger.db"
    try:
        return LedgerView(path) if path.exists() else None
    except OSError as error:
        raise LedgerError(f"cannot look for a ledger in {folder}: {error.strerror}; check --out") from error


@dataclass(frozen=True, slots=True)
class _Look:
    """A row, and what can be told of it without opening its file.

    Attributes:
        recipe: with the row's images in it.
        stamp: of its file; None for a URL and for images.
        content: an identity, or what stands for one.
        images: the files that are analysed in place of a video, with the contents that are known.
        header: of the file, where it was read before.
        error: why it cannot be looked at.
    """

    video: Video
    recipe: Recipe
    stamp: FileStamp | None = None
    content: str = ""
    images: tuple[tuple[str, int], ...] = ()
    header: Header | None = None
    error: SourceUnreadable | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A row that is to be analysed unless its header says that it cannot be.

    Attributes:
        held: what the platform holds of its content.
    """

    look: _Look
    held: HeldAsset | None


class _Surveyor:
    """Sorts rows in; the ledger is asked from one thread at a time."""

    def __init__(
        self, settings: Settings, found: Survey, ledger: LedgerView | None, seen: SeenFiles, prober: Prober
    ) -> None:
        self._settings = settings
        self._found = found
        self._plan = found.plan
        self._ledger = ledger
        self._seen = seen
        self._fresh: list[Seen] = []
        self._prober = prober
        self._probing = anyio.Semaphore(2 * prober.processes)
        self._copies = Copies(self._take_print)
        self._tokens = _Expectations(ledger, settings.limits.tokens_per_answer)
        self._keys: set[bytes] = set()
        self._contents: set[bytes] = set()
        self._uploading: set[bytes] = set()
        self._choice = Choice("task", "task", "")
        self._upload = settings.upload

    async def note_files(self, rows: Iterator[Row]) -> None:
        """Count the rows, and find out which files may be copies."""
        async for noted in _slices(rows, self._note):
            self._plan.rows += len(noted)
        self._plan.taken_for_copies = self._copies.taken_for_copies
        settings = self._settings
        self._choice = choose(settings.run.delivery, settings.recipe.model, self._plan.rows, settings.batch)
        self._upload = self._choice.uploading(settings.upload)
        self._found.choice = self._choice

    async def sort_in(self, rows: Iterator[Row]) -> None:
        """Let every row count; headers are read beside that."""
        async with anyio.create_task_group() as group:
            async for looks in _slices(rows, self._look):
                for look in looks:
                    candidate = self._candidate(look)
                    if candidate is None:
                        self._found.looked += 1
                    elif (header := self._header_without_reading(candidate)) is not None:
                        self._judge(candidate, header)
                    else:
                        await self._probing.acquire()
                        group.start_soon(self._read_and_judge, candidate)
        self._plan.contents = len(self._contents)
        await to_thread.run_sync(self._keep)

    # --- what is told of a row without its header, in worker threads -------------------------------------------------

    def _note(self, rows: list[Row]) -> list[None]:
        for video, _ in rows:
            if video.path is not None and isinstance(stamp := _stamp(video.path), FileStamp):
                self._copies.note(video.path, stamp, self._known(video.path, stamp))
        self._keep()
        return [None] * len(rows)

    def _look(self, rows: list[Row]) -> list[_Look]:
        looks = [self._look_at(video, recipe) for video, recipe in rows]
        self._keep()
        return looks

    def _look_at(self, video: Video, recipe: Recipe) -> _Look:
        if video.images:
            return self._look_at_images(video, recipe)
        if video.path is None:
            return _Look(video, recipe, content=f"url:{video.source}")
        stamp = _stamp(video.path)
        if isinstance(stamp, SourceUnreadable):
            return _Look(video, recipe, error=stamp)
        content = self._known(video.path, stamp) or self._copies.content_of(video.path, stamp)
        seen = self._seen.look(video.path, stamp)
        return _Look(video, recipe, stamp, content, header=seen.header if seen else None)

    def _look_at_images(self, video: Video, recipe: Recipe) -> _Look:
        contents: list[str] = []
        stamps: list[FileStamp | None] = []
        for image in video.images:
            stamp = None if image.path is None else _stamp(image.path)
            if isinstance(stamp, SourceUnreadable):
                return _Look(video, recipe, error=stamp)
            stamps.append(stamp)
            if image.path is None or stamp is None:
                contents.append(url_content(image.source))
            else:
                unread = f"path:{image.path}:{stamp.size_bytes}:{stamp.mtime_ns}"
                contents.append(self._known(image.path, stamp) or unread)
        recipe = recipe_of_images(recipe, video.images, contents, stamps)
        assert recipe.images is not None
        sized = tuple((content, stamp.size_bytes) for content, stamp in zip(contents, stamps, strict=True) if stamp)
        return _Look(video, recipe, content=identity_of_set(recipe.images), images=sized)

    def _known(self, path: str, stamp: FileStamp) -> str | None:
        return None if self._ledger is None else self._ledger.known_content(path, stamp)

    def _take_print(self, path: str, stamp: FileStamp) -> bytes | None:
        seen = self._seen.look(path, stamp)
        if seen is not None and seen.print is not None:
            return seen.print
        taken = print_of(path, stamp)
        if taken is not None:
            self._fresh.append(Seen(path, stamp, print=taken))
        return taken

    def _keep(self) -> None:
        fresh, self._fresh = self._fresh, []
        self._seen.keep(fresh)

    # --- where a row belongs -----------------------------------------------------------------------------------------

    def _candidate(self, look: _Look) -> _Candidate | None:
        """A row that an earlier run has not dealt with, nor another row; None where it is counted already."""
        if look.error is not None:
            return self._beyond_its_file(look, look.error)
        self._contents.add(_few(look.content))
        key = look.recipe.key(look.content)
        state = self._state(key, look.video.source)
        if state is State.WRITTEN:
            self._plan.done += 1
        elif state is State.FAILED:
            self._plan.failed_before += 1
        elif (few := bytes.fromhex(key)[:KEY_BYTES]) in self._keys:
            self._plan.duplicates += 1
        else:
            self._keys.add(few)
            return self._unasked(look, None if self._ledger is None else self._ledger.job(key))
        return None

    def _state(self, key: str, source: str) -> State | None:
        """Whether an earlier run has settled this row, and how."""
        found = None if self._ledger is None else self._ledger.find(key, source)
        return found[0] if found in ((State.WRITTEN, True), (State.FAILED, False)) else None

    def _unasked(self, look: _Look, job: Job | None) -> _Candidate | None:
        """A row whose job is not known to this one yet."""
        if job is None:
            return _Candidate(look, self._held(look))
        if job.state is State.WRITTEN:  # the answer is there; a further source only gets its line
            self._plan.duplicates += 1
        elif job.state is State.FAILED:
            self._plan.failed_before += 1
        elif job.state in (State.SUBMITTED, State.ANALYZED):
            self._plan.under_way += 1
        else:
            held = HeldAsset(None, job.asset_id, job.duration_s) if job.asset_id else self._held(look)
            return _Candidate(look, held)
        return None

    def _beyond_its_file(self, look: _Look, error: SourceUnreadable) -> _Candidate | None:
        """A file that cannot be read is needed no more where its asset is uploaded."""
        job = None if self._ledger is None else self._ledger.job_of_source(look.video.source, look.recipe.id)
        if job is None or job.asset_id is None or job.state in (State.WRITTEN, State.FAILED):
            name = look.video.source
            self._plan.reject(name, error.code, error.message.replace(name, "the file"))
            return None
        return self._unasked(look, job)

    def _held(self, look: _Look) -> HeldAsset | None:
        return None if self._ledger is None else self._ledger.held_asset(look.recipe.scope, look.content)

    # --- what its header says ----------------------------------------------------------------------------------------

    def _header_without_reading(self, candidate: _Candidate) -> Header | None:
        """What is known of a video's length, where that is all that is ever known, or enough."""
        look, held = candidate.look, candidate.held
        if held is not None and held.asset_id and (held.duration_s or look.stamp is None):
            return Header(duration_s=held.duration_s)  # the platform has looked at it
        if look.stamp is None or look.stamp.size_bytes > self._upload.max_bytes:
            return Header()
        return look.header

    async def _read_and_judge(self, candidate: _Candidate) -> None:
        look = candidate.look
        assert look.video.path is not None
        assert look.stamp is not None
        try:
            header = await self._prober.header(look.video.path)
        finally:
            self._probing.release()
        if header.flaw is None or header.flaw == "no_video":  # other flaws may be mended without a trace in the stamp
            self._fresh.append(Seen(look.video.path, look.stamp, header))
        self._judge(candidate, header)

    def _judge(self, candidate: _Candidate, header: Header) -> None:
        look = candidate.look
        self._found.looked += 1
        is_held = candidate.held is not None and candidate.held.asset_id is not None
        if is_held:
            header = replace(header, flaw=None, width=None, height=None)
        if (problem := self._problem(look, header, is_held=is_held)) is not None:
            self._plan.reject(look.video.source, *problem)
            return
        if not is_held:
            self._count_upload(look)
        self._count_analysis(look, header)

    def _problem(self, look: _Look, header: Header, *, is_held: bool) -> tuple[str, str] | None:
        """The code and the reason, without the video's name, for which it would be refused."""
        most = self._upload.max_bytes
        if look.stamp is not None and look.stamp.size_bytes > most and not is_held:
            told = f"{look.stamp.size_bytes:,} bytes are more than the platform takes ({most:,}); split or re-encode it"
            return "video_filesize_too_large", told
        if any(size_bytes > SUBJECT.bytes for _, size_bytes in look.images):
            return "image_unusable", f"an image is larger than the platform takes ({SUBJECT.bytes:,} bytes)"
        way = self._choice.of(look.recipe)
        settings = self._settings
        error = unfit(look.video.source, look.recipe, header, way, settings.media, settings.sync)
        return None if error is None else (error.code, error.message.removeprefix(f"{look.video.source}: "))

    def _count_upload(self, look: _Look) -> None:
        upload = self._upload
        if look.images:
            for content, size_bytes in look.images:
                if size_bytes > upload.inline_image_bytes and not self._is_image_held(look, content):
                    self._upload_once(content, size_bytes)
        elif look.stamp is not None:
            if look.stamp.size_bytes > upload.inline_max_bytes:
                self._upload_once(look.content, look.stamp.size_bytes)
        elif look.video.path is None and not look.recipe.images and upload.url_sources == "asset":
            self._plan.creations += self._is_first(look.content)

    def _upload_once(self, content: str, size_bytes: int) -> None:
        if self._is_first(content):
            self._plan.upload(size_bytes, is_counted=size_bytes <= self._upload.direct_max_bytes)

    def _is_first(self, content: str) -> bool:
        before = len(self._uploading)
        self._uploading.add(_few(content))
        return len(self._uploading) > before

    def _is_image_held(self, look: _Look, content: str) -> bool:
        held = None if self._ledger is None else self._ledger.held_asset(look.recipe.scope, content)
        return held is not None and held.asset_id is not None

    def _count_analysis(self, look: _Look, header: Header) -> None:
        recipe, plan, settings = look.recipe, self._plan, self._settings
        tokens = self._tokens.of(recipe)
        at_most = 1 + (settings.recipe.max_reasks if recipe.has_form else 0)
        minutes = plan.ask(recipe, header.duration_s, tokens, at_most=at_most)
        plan.cost.add(recipe.model, settings.effective_prices.of(recipe.model), minutes, tokens, at_most)
        if settings.is_local:  # answers of its engines say nothing of the platform's
            untold = self._tokens.untold(recipe)
            plan.remote_cost.add(recipe.model, settings.prices.of(recipe.model), minutes, untold, at_most)
        longest_s = self._choice.longest_s
        if self._choice.of(recipe) == "batch" and (recipe.window_s(header.duration_s) or 0) <= (longest_s or 1e12):
            plan.send_in_batch(header.duration_s)
        else:
            plan.send_alone()


class _Expectations:
    """How many tokens the answers to each recipe will take."""

    def __init__(self, ledger: LedgerView | None, likely: float) -> None:
        self._ledger = ledger
        self._likely = likely
        self._answered = frozenset[str]() if ledger is None else ledger.recipes_with_answers(FEW_ANSWERS)
        self.of = lru_cache(maxsize=256)(self._of)
        self.untold = lru_cache(maxsize=256)(self._untold)

    def _of(self, recipe: Recipe) -> Tokens:
        if self._ledger is None or recipe.id not in self._answered:
            return self._untold(recipe)
        return tokens_of(recipe, list(self._told(recipe.id)), self._likely)

    def _untold(self, recipe: Recipe) -> Tokens:
        return tokens_of(recipe, (), self._likely)

    def _told(self, recipe_id: str) -> Iterator[int]:
        assert self._ledger is not None
        for raw in self._ledger.answers_to(recipe_id, MOST_ANSWERS):
            try:
                yield unwrap(raw).output_tokens
            except UnexpectedResponse:
                continue


def _schedule(
    settings: Settings, limits: LimitSettings, plan: Plan, drawn: Mapping[ClassName, list[Drawn]]
) -> Schedule:
    """What limits make of a plan.

    Args:
        settings: of the run.
        limits: of the account.
        plan: complete.
        drawn: on either endpoint class, in the last day.
    """
    now = time.time()
    totals: dict[ClassName, Draw] = {
        "analyze": plan.drawn_with(settings.effective_batch),
        "upload": Draw(requests=plan.creations),
    }
    forecasts: dict[ClassName, Forecast] = {
        name: forecast(windows, total, drawn.get(name, ()), now, even_s=limits.minute_s + limits.slack_s)
        for name, total in totals.items()
        if (windows := windows_of(limits, name))
    }
    before = [one.draw for one in drawn.get("analyze", ())]
    return Schedule(
        forecasts.get("analyze"),
        forecasts.get("upload"),
        Draw(
            sum(draw.requests for draw in before),
            sum(draw.minutes for draw in before),
            sum(draw.tokens for draw in before),
        ),
        day_s=limits.day_s,
        hour_s=limits.hour_s,
    )


def _drawn(settings: Settings) -> dict[ClassName, list[Drawn]]:
    """What was drawn on the account in the last day."""
    limits = settings.effective_limits
    oldest = time.time() - limits.day_s - limits.slack_s
    names: tuple[ClassName, ...] = ("analyze", "upload")
    return {name: drawn_since(settings.limits_file, settings.scope, name, oldest) for name in names}


async def _slices(rows: Iterator[Row], look: Callable[[list[Row]], list[T]]) -> AsyncIterator[list[T]]:
    """Rows as they are read and looked at in a worker thread."""

    def take() -> list[T] | None:
        taken = list(islice(rows, SLICE))
        return look(taken) if taken else None

    while (looked := await to_thread.run_sync(take)) is not None:
        yield looked


def _stamp(path: str) -> FileStamp | SourceUnreadable:
    try:
        return stamp_of(path)
    except SourceUnreadable as error:
        return error


def _few(content: str) -> bytes:
    """Enough of a content identity to tell it from others."""
    return hashlib.blake2b(content.encode("utf-8", "surrogateescape"), digest_size=KEY_BYTES).digest()
