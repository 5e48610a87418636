"""Whether the platform would take a video for what is asked of it, by what its file says of itself. Pure."""

from pipeline.config import MediaSettings, SyncSettings
from pipeline.errors import SourceRejected
from pipeline.media.probe import beyond_end
from pipeline.models import Delivery, Flaw, Header, Recipe
from pipeline.modes.windows import LONGEST_S, SHORTEST_S
from pipeline.steps.one_request import TOO_LONG, length_problem

FLAWS: dict[Flaw, tuple[str, str]] = {
    "unreadable": ("video_unreadable", "its header cannot be read as a video's; restore it or take it out"),
    "no_video": ("video_stream_missing", "it holds no moving pictures; take it out of the manifest"),
    "timeout": ("video_probe_timeout", "its header could not be read in time; see upload.probe_timeout_s"),
}
TOO_SHORT = "video_duration_too_short"


def unfit(
    source: str, recipe: Recipe, header: Header, delivery: Delivery, media: MediaSettings, sync: SyncSettings
) -> SourceRejected | None:
    """The error of a video that would be refused, the first thing that is wrong with it; None where nothing is known to
    be. Codes are the platform's where it has one.

    Args:
        source: the video's name, for the message.
        recipe: what is asked.
        header: of its file; what it does not tell is not held against it.
        delivery: how it is asked.
        media: the platform's limits of any video.
        sync: those of one request.
    """
    if header.flaw is not None:
        code, why = FLAWS[header.flaw]
        return SourceRejected(f"{source}: {why}", code=code)
    return (
        _size_problem(source, header, media)
        or _length_problem(source, header, delivery, media, sync)
        or beyond_end(source, recipe, header)
        or _part_problem(source, recipe, header)
    )


def _size_problem(source: str, header: Header, media: MediaSettings) -> SourceRejected | None:
    if not header.width or not header.height:
        return None
    short, long = sorted((header.width, header.height))
    size = f"{source}: the pictures have {header.width}x{header.height} pixels"
    if short < media.min_side:
        least = f"{media.min_side}x{media.min_side}"
        return SourceRejected(f"{size}, the platform takes {least} and more", code="video_resolution_too_low")
    if long > media.max_long_side or short > media.max_short_side:
        most = f"{media.max_long_side}x{media.max_short_side}"
        return SourceRejected(f"{size}, the platform takes up to {most}", code="video_resolution_too_high")
    if long / short > media.max_aspect:
        return SourceRejected(
            f"{size}, the longer side may be {media.max_aspect:g} times the shorter",
            code="video_resolution_invalid_aspect_ratio",
        )
    return None


def _length_problem(
    source: str, header: Header, delivery: Delivery, media: MediaSettings, sync: SyncSettings
) -> SourceRejected | None:
    if header.duration_s is None:
        return None
    told = f"{source}: the video has {header.duration_s:,.2f} s"
    if header.duration_s < media.shortest_s:
        return SourceRejected(f"{told}, the platform takes {media.shortest_s:g} s and more", code=TOO_SHORT)
    if delivery == "sync":
        return length_problem(source, header.duration_s, sync)
    if header.duration_s > media.longest_s:
        return SourceRejected(f"{told}, the platform takes up to {media.longest_s:,.0f} s; split it", code=TOO_LONG)
    return None


def _part_problem(source: str, recipe: Recipe, header: Header) -> SourceRejected | None:
    """The same of the part that is analysed, as far as the video reaches, on the file's own clock."""
    if header.duration_s is None:
        return None
    end_s = header.start_s + header.duration_s
    begins_s = header.start_s if recipe.start_time_s is None else max(recipe.start_time_s, header.start_s)
    part_s = (end_s if recipe.end_time_s is None else min(recipe.end_time_s, end_s)) - begins_s
    told = f"{source}: {part_s:,.2f} s of the video are to be analysed"
    if part_s > LONGEST_S:
        return SourceRejected(
            f"{told}, at most {LONGEST_S:,.0f} s can be at once; ask in parts with start_time and end_time",
            code=TOO_LONG,
        )
    if part_s < SHORTEST_S and (recipe.start_time_s is not None or recipe.end_time_s is not None):
        return SourceRejected(f"{told}, at least {SHORTEST_S:g} s have to be; widen the window", code=TOO_SHORT)
    return None
