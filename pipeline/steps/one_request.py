"""What can be asked in one request that is answered at once, as far as that is known before it leaves. Pure."""

from pipeline.config import SyncSettings
from pipeline.errors import SourceRejected
from pipeline.models import Recipe

TOO_LONG = "video_duration_too_long"


def sync_problem(recipe: Recipe) -> str | None:
    """Why a question cannot be asked in one request, with the remedy; None where it can."""
    if recipe.mode == "segments":
        return "segments cannot be asked for with delivery sync; use delivery task or batch"
    return None


def length_problem(source: str, duration_s: float | None, settings: SyncSettings) -> SourceRejected | None:
    """The error of a video that is too long for one request, whatever part of it is asked for; None where it is not, or
    where its length is not known.
    """
    if duration_s is None or duration_s <= settings.longest_s:
        return None
    return SourceRejected(
        f"{source}: the video has {duration_s:,.1f} s, and one request takes at most {settings.longest_s:,.0f} s, "
        "whatever part of it is asked for; use delivery task",
        code=TOO_LONG,
    )
