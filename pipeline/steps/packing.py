"""Which jobs share a batch of the platform. Pure."""

from dataclasses import dataclass, field

from pipeline.models import AnalysisMode, Recipe
from pipeline.modes.models import MODELS, rules_of


def batch_problem(recipe: Recipe) -> str | None:
    """Why a question cannot go by batch, with the remedy; None where it can.

    The model and the kinds of tokens are the platform's (twelvelabs 1.3.6); images are left to tasks, each of which
    can be asked anew when one of them is gone.
    """
    if recipe.images is not None:
        return "images cannot be asked about with delivery batch; use delivery task"
    if (rules := rules_of(recipe.model)) is None or not rules.batches:
        known = " or ".join(name for name, one in MODELS.items() if one.batches)
        return f"model {recipe.model} cannot be asked with delivery batch, only {known}; use delivery task"
    if recipe.max_tokens == "unlimited":
        return "max_tokens unlimited cannot be asked with delivery batch; set a number, or use delivery task"
    if recipe.media_sources is not None or '"media_sources"' in (recipe.segment_definitions or ""):
        return "reference images cannot be asked with in delivery batch; use delivery task"
    return None


@dataclass(frozen=True, slots=True)
class Parcel:
    """What packing has to know of a job.

    Attributes:
        custom_id: unique in a batch.
        model, mode: the same for a whole batch.
        content_s: how much of its hours the job takes up, in seconds of video.
    """

    custom_id: str
    model: str
    mode: AnalysisMode
    content_s: float


@dataclass(slots=True)
class _Load:
    """A batch that is still open."""

    parcels: list[Parcel] = field(default_factory=list)
    custom_ids: set[str] = field(default_factory=set)
    content_s: float = 0.0

    def add(self, parcel: Parcel) -> None:
        self.parcels.append(parcel)
        self.custom_ids.add(parcel.custom_id)
        self.content_s += parcel.content_s


class Packing:
    """Parcels come one at a time; every one leaves in exactly one batch, each batch within both limits.

    What is longer than `max_hours` all by itself travels alone: whether it is refused is the platform's to say.

    Attributes:
        closed: batches that no further parcel can join.
    """

    def __init__(self, *, max_items: int, max_hours: float) -> None:
        self.closed: list[list[Parcel]] = []
        self._max_items = max_items
        self._max_s = max_hours * 3600
        self._open: dict[tuple[str, AnalysisMode], _Load] = {}

    def add(self, parcel: Parcel) -> None:
        """Put a parcel into the open batch of its kind, or close that and begin another."""
        kind = (parcel.model, parcel.mode)
        load = self._open.get(kind)
        if load is not None and not self._fits(load, parcel):
            self._close(kind)
            load = None
        if load is None:
            load = self._open[kind] = _Load()
        load.add(parcel)
        if len(load.parcels) == self._max_items:
            self._close(kind)

    def take(self) -> list[Parcel]:
        """The next batch: one that is closed, else the one that was begun first; empty where there is none."""
        if not self.closed and self._open:
            self._close(next(iter(self._open)))
        return self.closed.pop(0) if self.closed else []

    def _close(self, kind: tuple[str, AnalysisMode]) -> None:
        self.closed.append(self._open.pop(kind).parcels)

    def _fits(self, load: _Load, parcel: Parcel) -> bool:
        return parcel.custom_id not in load.custom_ids and load.content_s + parcel.content_s <= self._max_s
