"""Which jobs share a batch of the platform. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.models import AnalysisMode


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


def packed(parcels: Iterable[Parcel], *, max_items: int, max_hours: float) -> list[list[Parcel]]:
    """Every parcel in exactly one batch, in the order in which they came, each batch within both limits.

    What is longer than `max_hours` all by itself travels alone: whether it is refused is the platform's to say.
    """
    batches: list[list[Parcel]] = []
    open_batches: dict[tuple[str, AnalysisMode], list[Parcel]] = {}
    for parcel in parcels:
        kind = (parcel.model, parcel.mode)
        batch = open_batches.get(kind)
        if batch is None or not _fits(batch, parcel, max_items, max_hours):
            batch = open_batches[kind] = []
            batches.append(batch)
        batch.append(parcel)
    return batches


def _fits(batch: list[Parcel], parcel: Parcel, max_items: int, max_hours: float) -> bool:
    content_s = sum(member.content_s for member in batch) + parcel.content_s
    is_new = all(member.custom_id != parcel.custom_id for member in batch)
    return is_new and len(batch) < max_items and content_s <= max_hours * 3600
