"""What was observed at all, and what the file is."""

from collections.abc import Iterator

from pipeline.server.engines.answers.qualities import shape_labels
from pipeline.server.engines.evidence.timeline import Media, Timeline
from pipeline.server.engines.times import span


def headline(timeline: Timeline) -> str:
    """What was observed, from when to when, and how much of each was found."""
    media = timeline.media
    if media.video_codec is None:
        what = f"A recording of {media.duration_s:.1f} s without pictures"
    else:
        sound = "with sound" if media.audio_codec else "without sound"
        what = f"A video of {media.duration_s:.1f} s, {media.width}x{media.height}, {sound}"
    counted = ", ".join(_counted(timeline)) or "nothing was looked for"
    return f"{what}, observed {span(timeline)}: {counted}."


def _counted(timeline: Timeline) -> Iterator[str]:
    if timeline.shots is not None:
        yield _count(len(timeline.shots), "shot")
    if timeline.text is not None:
        yield f"{_count(len(timeline.text), 'line')} of text on screen"
    if timeline.speech is not None:
        unheard = sum(not said.understood for said in timeline.speech)
        yield f"{_count(len(timeline.speech), 'passage')} of speech{f' ({unheard} not understood)' if unheard else ''}"
    if timeline.sounds is not None:
        yield f"{_count(len(timeline.sounds), 'passage')} of sound"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def of_file(timeline: Timeline) -> str:
    """What the file is, whatever is in it."""
    media = timeline.media
    told = [f"{media.duration_s:.1f} s long"]
    if media.video_codec is not None:
        rate = f", {media.fps:g} pictures a second" if media.fps else ""
        turned = f", to be turned by {media.rotation} degrees" if media.rotation else ""
        size = f"{media.width}x{media.height} pixels as displayed, {_shape(media)}"
        told.append(f"pictures of {size}{rate} ({media.video_codec}){turned}")
    if media.audio_codec is not None:
        told.append(f"sound ({media.audio_codec}), {_streams(media.audio_streams)}")
    return f"The file: {'; '.join(told)}."


def _shape(media: Media) -> str:
    return shape_labels(media.width or 1, media.height or 1)["orientation"]


def _streams(count: int) -> str:
    return "1 stream" if count == 1 else f"{count} streams, of which the first was heard"
