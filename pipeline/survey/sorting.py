"""Where each row belongs: settled before, a duplicate, rejected, or to be uploaded and analysed."""

import hashlib
from dataclasses import dataclass, replace

from pipeline.config import Settings
from pipeline.errors import SourceUnreadable
from pipeline.jobs import Job, State
from pipeline.ledger import HeldAsset, LedgerView
from pipeline.media.stills import SUBJECT
from pipeline.models import Header
from pipeline.plan import Plan
from pipeline.steps.delivery import Choice
from pipeline.steps.fitness import unfit
from pipeline.survey.expectations import Expectations
from pipeline.survey.looking import Look

KEY_BYTES = 16  # of a key or content that is kept


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that is to be analysed unless its header says that it cannot be.

    Attributes:
        held: what the platform holds of its content.
    """

    look: Look
    held: HeldAsset | None

    @property
    def path(self) -> str:
        """Of its file."""
        assert self.look.video.path is not None
        return self.look.video.path

    @property
    def is_held(self) -> bool:
        """Whether nothing has to be brought to the platform."""
        return self.held is not None and self.held.asset_id is not None


class Sorter:
    """Lets every row count in a plan, once."""

    def __init__(self, settings: Settings, plan: Plan, choice: Choice, ledger: LedgerView | None) -> None:
        """Begin.

        Args:
            settings: of the run.
            plan: to be filled.
            choice: how questions would be asked.
            ledger: None where there is none.
        """
        self._settings = settings
        self._plan = plan
        self._choice = choice
        self._ledger = ledger
        self._upload = choice.uploading(settings.upload)
        self._tokens = Expectations(ledger, settings.limits.tokens_per_answer)
        self._keys: set[bytes] = set()
        self._contents: set[bytes] = set()
        self._uploading: set[bytes] = set()

    # --- by what is known of it --------------------------------------------------------------------------------------

    def candidate(self, look: Look) -> Candidate | None:
        """A row that neither an earlier run nor another row has dealt with; None where it is counted already."""
        if look.error is not None:
            return self._beyond_its_file(look, look.error)
        self._contents.add(_few(look.content))
        self._plan.contents = len(self._contents)
        key = look.recipe.key(look.content)
        found = None if self._ledger is None else self._ledger.find(key, look.video.source)
        if found == (State.WRITTEN, True):
            self._plan.done += 1
        elif found == (State.FAILED, False):
            self._plan.failed_before += 1
        elif (few := bytes.fromhex(key)[:KEY_BYTES]) in self._keys:
            self._plan.duplicates += 1
        else:
            self._keys.add(few)
            return self._unsettled(look, None if self._ledger is None else self._ledger.job(key))
        return None

    def _unsettled(self, look: Look, job: Job | None) -> Candidate | None:
        """A row whose own line is not written; its job may have come from another source."""
        if job is None:
            return Candidate(look, self._held(look, look.content))
        if job.state is State.WRITTEN:  # a further source only gets its line
            self._plan.duplicates += 1
        elif job.state is State.FAILED:
            self._plan.failed_before += 1
        elif job.state in (State.SUBMITTED, State.ANALYZED):
            self._plan.under_way += 1
        elif job.asset_id:
            return Candidate(look, HeldAsset(None, job.asset_id, job.duration_s))
        else:
            return Candidate(look, self._held(look, look.content))
        return None

    def _beyond_its_file(self, look: Look, error: SourceUnreadable) -> Candidate | None:
        """A file that cannot be read is needed no more where its asset is uploaded."""
        job = None if self._ledger is None else self._ledger.job_of_source(look.video.source, look.recipe.id)
        if job is None or job.asset_id is None or job.state in (State.WRITTEN, State.FAILED):
            name = look.video.source
            self._plan.reject(name, error.code, error.message.replace(name, "the file"))
            return None
        return self._unsettled(look, job)

    def _held(self, look: Look, content: str) -> HeldAsset | None:
        return None if self._ledger is None else self._ledger.held_asset(look.recipe.scope, content)

    # --- by what its header says -------------------------------------------------------------------------------------

    def header_without_reading(self, candidate: Candidate) -> Header | None:
        """What is known of a video beforehand, where that is enough or all there is; None where it has to be read."""
        look = candidate.look
        if candidate.held is not None and candidate.is_held and (candidate.held.duration_s or look.stamp is None):
            return Header(duration_s=candidate.held.duration_s)
        if look.stamp is None or look.stamp.size_bytes > self._upload.max_bytes:
            return Header()
        return look.header

    def judge(self, candidate: Candidate, header: Header) -> None:
        """Reject a candidate, or let it be uploaded and analysed."""
        look = candidate.look
        if candidate.is_held:  # the platform has looked at its pictures, and took them
            header = replace(header, flaw=None, width=None, height=None)
        if (problem := self._problem(candidate, header)) is not None:
            self._plan.reject(look.video.source, *problem)
            return
        if not candidate.is_held:
            self._count_upload(look)
        self._count_analysis(look, header)

    def _problem(self, candidate: Candidate, header: Header) -> tuple[str, str] | None:
        """The code and the reason, without the video's name, for which it would be refused."""
        look, most = candidate.look, self._upload.max_bytes
        if look.stamp is not None and look.stamp.size_bytes > most and not candidate.is_held:
            told = f"{look.stamp.size_bytes:,} bytes are more than the platform takes ({most:,}); split or re-encode it"
            return "video_filesize_too_large", told
        if any(size_bytes > SUBJECT.bytes for _, size_bytes in look.images):
            return "image_unusable", f"an image is larger than the platform takes ({SUBJECT.bytes:,} bytes)"
        way = self._choice.of(look.recipe)
        settings = self._settings
        error = unfit(look.video.source, look.recipe, header, way, settings.media, settings.sync)
        return None if error is None else (error.code, error.message.removeprefix(f"{look.video.source}: "))

    def _count_upload(self, look: Look) -> None:
        upload = self._upload
        if look.recipe.images is not None:
            for content, size_bytes in look.images:
                held = self._held(look, content)
                if size_bytes > upload.inline_image_bytes and not (held and held.asset_id):
                    self._upload_once(content, size_bytes)
        elif look.stamp is not None:
            if look.stamp.size_bytes > upload.inline_max_bytes:
                self._upload_once(look.content, look.stamp.size_bytes)
        elif upload.url_sources == "asset":  # the platform fetches it
            self._plan.creations += self._is_first(look.content)

    def _upload_once(self, content: str, size_bytes: int) -> None:
        if self._is_first(content):
            self._plan.upload(size_bytes, is_counted=size_bytes <= self._upload.direct_max_bytes)

    def _is_first(self, content: str) -> bool:
        before = len(self._uploading)
        self._uploading.add(_few(content))
        return len(self._uploading) > before

    def _count_analysis(self, look: Look, header: Header) -> None:
        recipe, plan, settings = look.recipe, self._plan, self._settings
        tokens = self._tokens.of(recipe)
        at_most = 1 + (settings.recipe.max_reasks if recipe.has_form else 0)
        minutes = plan.ask(recipe, header.duration_s, tokens, at_most=at_most)
        plan.cost.add(recipe.model, settings.effective_prices.of(recipe.model), minutes, tokens, at_most)
        if settings.is_local:  # answers of the embedded engines say nothing of the platform's
            untold = self._tokens.untold(recipe)
            plan.remote_cost.add(recipe.model, settings.prices.of(recipe.model), minutes, untold, at_most)
        if self._goes_by_batch(look, header):
            plan.send_in_batch(header.duration_s)
        else:
            plan.send_alone()

    def _goes_by_batch(self, look: Look, header: Header) -> bool:
        if self._choice.of(look.recipe) != "batch":
            return False
        longest_s = self._choice.longest_s
        return longest_s is None or (look.recipe.window_s(header.duration_s) or 0) <= longest_s


def _few(content: str) -> bytes:
    """Enough of a content identity to tell it from others."""
    return hashlib.blake2b(content.encode("utf-8", "surrogateescape"), digest_size=KEY_BYTES).digest()
