"""A timeline as what is known: of the video, and of any stretch of it.

What was not looked at is not there; what was looked for in vain is there and empty.
"""

from collections.abc import Callable

from pipeline.server.engines.answers import gist, passages
from pipeline.server.engines.answers.chapters import chapters
from pipeline.server.engines.answers.clip import Clips
from pipeline.server.engines.answers.keywords import FEW, keywords
from pipeline.server.engines.answers.looks import Looks, level_dbfs, looks_of
from pipeline.server.engines.answers.qualities import (
    picture_labels,
    picture_truths,
    shape_labels,
    shape_truths,
    sound_labels,
    sound_truths,
)
from pipeline.server.engines.evidence.timeline import Media, Shot, Timeline
from pipeline.server.engines.known import Known, Later
from pipeline.server.engines.stretches import Stretch

Makers = dict[str, Callable[[], tuple[Known, ...]]]

_ROUNDING_S = 1e-3
_MOST_KEYWORDS = 10


def of_video(timeline: Timeline) -> Known:
    """All that is known of the window."""
    return Facts(timeline).of_video()


class Facts:
    """What a timeline tells of the whole window and of any number of stretches."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._clips = Clips(timeline)

    def of_video(self) -> Known:
        """All that is known of the window."""
        timeline, media = self._timeline, self._timeline.media
        looks = looks_of(timeline.shots or ())
        makers: Makers = {"chapters": lambda: self._chapters(timeline), **self._shots(timeline)}
        return Known(
            summary=gist.summary(timeline, looks, is_whole=True),
            start_s=timeline.start_s,
            end_s=timeline.end_s,
            numbers={**_numbers(timeline, looks), **_media_numbers(media), **_loudness(timeline)},
            labels={**_labels(timeline, looks), **_media_labels(media)},
            truths={**_truths(timeline, looks), **_media_truths(media)},
            colours=None if looks is None else looks.colours,
            parts=Later({**makers, **_tracks(timeline)}),
        )

    def of_stretch(self, stretch: Stretch, number: int) -> Known:
        """What is known of one stretch, the nth of its kind, with the shots that it takes in."""
        inside = self._clips.clip(*stretch)
        return self._stretch(inside, number, self._shots(inside))

    def _stretch(self, inside: Timeline, number: int, shots: Makers) -> Known:
        looks = looks_of(inside.shots or ())
        called = gist.heading(inside, looks)
        return Known(
            summary=gist.summary(inside, looks, is_whole=False),
            start_s=inside.start_s,
            end_s=inside.end_s,
            numbers={"index": number, **_numbers(inside, looks)},
            labels={"heading": called, "name": called, **_entered(inside), **_labels(inside, looks)},
            truths=_truths(inside, looks),
            colours=None if looks is None else looks.colours,
            parts=Later({**shots, **_tracks(inside)}),
        )

    def _shots(self, inside: Timeline) -> Makers:
        shots = inside.shots
        return {"shots": lambda: tuple(map(self._shot, shots, range(1, len(shots) + 1)))} if shots else {}

    def _shot(self, shot: Shot, number: int) -> Known:
        return self._stretch(self._clips.clip(shot.start_s, shot.end_s), number, {})

    def _chapters(self, timeline: Timeline) -> tuple[Known, ...]:
        parts = enumerate(chapters(timeline), 1)
        return tuple(self.of_stretch((part.start_s, part.end_s), number) for number, part in parts)


def _tracks(timeline: Timeline) -> Makers:
    """The passages of every track that was looked at."""
    makers: Makers = {}
    if timeline.black is not None:
        makers["black"] = lambda: passages.of_passages("black", timeline.black or ())
    if timeline.still is not None:
        makers["still"] = lambda: passages.of_passages("still", timeline.still or ())
    if timeline.faces:  # no face that is large enough does not mean that there is none
        makers["face"] = lambda: passages.of_faces(timeline.faces or ())
    makers["keyword"] = lambda: _keywords(timeline)
    return {**makers, **_read(timeline), **_heard(timeline), **_spoken(timeline)}


def _read(timeline: Timeline) -> Makers:
    if timeline.text is None and timeline.media.video_codec is not None:
        return {}
    lines = timeline.text or ()

    def of_kind(kind: str) -> Callable[[], tuple[Known, ...]]:
        return lambda: passages.of_lines(line for line in lines if line.kind == kind)

    # A logo without letters is not read, so that no mark is no answer.
    kinds = ["title", "ticker", "timecode"] + (["mark"] if any(line.kind == "mark" for line in lines) else [])
    return {"text": lambda: passages.of_lines(lines), **{kind: of_kind(kind) for kind in kinds}}


def _heard(timeline: Timeline) -> Makers:
    if timeline.media.audio_codec is None:
        return {"music": tuple, "event": tuple}
    makers: Makers = {}
    sounds, events = timeline.sounds, timeline.events
    if sounds is not None:
        makers["sounds"] = lambda: passages.of_sounds(sounds)
        makers["silent"] = lambda: passages.of_sounds(sound for sound in sounds if sound.kind == "silence")
    if sounds is not None and _tells_kinds(timeline):
        makers["music"] = lambda: passages.of_sounds(sound for sound in sounds if sound.kind == "music")
    if events is not None:
        makers["event"] = lambda: passages.of_events(events)
    return makers


def _tells_kinds(timeline: Timeline) -> bool:
    """Whether speech, music and other sounds were told apart."""
    is_missing = any(part.what == "speech and music told apart" for part in timeline.missing)
    return not is_missing and all(sound.kind != "sound" for sound in timeline.sounds or ())


def _spoken(timeline: Timeline) -> Makers:
    speech, sounds = timeline.speech, timeline.sounds
    if timeline.media.audio_codec is None:
        return {"speech": tuple, "words": tuple}
    if speech is not None:
        return {"speech": lambda: passages.of_speech(speech), "words": lambda: passages.of_words(speech)}
    if sounds is not None and _tells_kinds(timeline):
        return {"speech": lambda: passages.of_sounds(sound for sound in sounds if sound.kind == "speech")}
    return {}


def _keywords(timeline: Timeline) -> tuple[Known, ...]:
    looks, words = looks_of(timeline.shots or ()), [word.text for word in keywords(timeline)[:_MOST_KEYWORDS]]
    seen = looks.colours if looks is not None and len(words) < FEW else ()
    colours = [name for name, _ in seen if name not in words]
    return (
        *(Known(summary=word, labels={"name": word, "spelled": word}) for word in words),
        *(Known(summary=name, labels={"name": name}) for name in colours),
    )


def _numbers(timeline: Timeline, looks: Looks | None) -> dict[str, float]:
    told: dict[str, float | None] = {
        "start": timeline.start_s,
        "end": timeline.end_s,
        "duration": timeline.end_s - timeline.start_s,
        "loudness": level_dbfs(timeline.sounds or ()),
    }
    if looks is not None:
        seen = {"brightness": looks.brightness, "darkness": 1 - looks.brightness, "contrast": looks.contrast}
        told |= {**seen, "motion": looks.motion}
    return {topic: value for topic, value in told.items() if value is not None}


def _labels(timeline: Timeline, looks: Looks | None) -> dict[str, str]:
    title = gist.best_title(timeline.text or ())
    return {
        **({} if looks is None else picture_labels(looks.brightness, looks.motion)),
        **(sound_labels(level_dbfs(timeline.sounds or ())) if _is_heard(timeline) else {}),
        **({} if title is None else {"title": title.text}),
    }


def _truths(timeline: Timeline, looks: Looks | None) -> dict[str, bool]:
    return {
        **({} if looks is None else picture_truths(looks.brightness, looks.colours, looks.motion)),
        **(sound_truths(level_dbfs(timeline.sounds or ())) if _is_heard(timeline) else {}),
    }


def _is_heard(timeline: Timeline) -> bool:
    """Whether it is known how loud it is: without a sound stream, too."""
    return timeline.media.audio_codec is None or bool(timeline.sounds)


def _entered(timeline: Timeline) -> dict[str, str]:
    """How the first shot is entered, if it begins where the stretch does."""
    first = next(iter(timeline.shots or ()), None)
    is_first = first is not None and abs(first.start_s - timeline.start_s) < _ROUNDING_S
    return {"entered": first.entered} if first is not None and is_first else {}


def _loudness(timeline: Timeline) -> dict[str, float]:
    """That of the whole file, which is that of no part of it."""
    media, heard = timeline.media, timeline.loudness
    is_whole = abs(timeline.end_s - timeline.start_s - media.duration_s) < _ROUNDING_S
    if heard is None or heard.integrated_lufs is None or not is_whole:
        return {}
    return {"lufs": heard.integrated_lufs, "loudnessrange": heard.range_lu}


def _media_numbers(media: Media) -> dict[str, float]:
    told = {"width": media.width, "height": media.height, "fps": media.fps, "rotation": media.rotation}
    return {topic: value for topic, value in told.items() if value is not None}


def _media_labels(media: Media) -> dict[str, str]:
    codecs = {"codec": media.video_codec, "audiocodec": media.audio_codec}
    shape = shape_labels(media.width, media.height) if media.width and media.height else {}
    return {**{topic: name for topic, name in codecs.items() if name is not None}, **shape}


def _media_truths(media: Media) -> dict[str, bool]:
    shape = shape_truths(media.width, media.height) if media.width and media.height else {}
    return {**shape, "sound": media.audio_codec is not None}
