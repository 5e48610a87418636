"""A timeline of evidence: frozen values with times in seconds on the file's own clock, and their form as JSON.

Every entry has a start, an end and a confidence from 0 to 1. A track that is None was not looked at; one that is
empty was looked at in vain.
"""

from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pydantic import TypeAdapter

# Counts up when the same file would yield another timeline, so that whoever keeps timelines makes them anew.
VERSION = 4

Entrance = Literal["start", "cut", "dissolve", "fade"]
LineKind = Literal["title", "mark", "ticker", "timecode"]
SoundKind = Literal["silence", "speech", "music", "other", "sound"]
Track = Literal["visuals", "text", "speech", "sounds"]

TRACKS: tuple[Track, ...] = ("visuals", "text", "speech", "sounds")


@dataclass(frozen=True, slots=True)
class Media:
    """What the file is. Width and height are as displayed; they and the rest are None where there are no pictures."""

    duration_s: float
    start_s: float
    width: int | None
    height: int | None
    fps: float | None
    rotation: int
    video_codec: str | None
    audio_codec: str | None
    audio_streams: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of time in which something holds."""

    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Shot(Passage):
    """One shot.

    Attributes:
        entered: how it begins. A dissolve mixes two pictures, a fade goes by way of black.
        entered_over_s: how long that takes; `start_s` is in the middle of it.
        colours: (name, share of the picture) from the largest share down.
        brightness: mean, from 0 to 1.
        contrast: from 0 to 1, where half of the picture is black and half is white.
        motion: share of the picture that changes in a fifth of a second; None of a shot too short to tell.
        frame_s: when the picture is shown that says most about it.
    """

    entered: Entrance
    entered_over_s: float
    colours: tuple[tuple[str, float], ...]
    brightness: float
    contrast: float
    motion: float | None
    frame_s: float


@dataclass(frozen=True, slots=True)
class Faces(Passage):
    """A part of a shot with faces that look into the camera; whose they are is not known.

    Where it begins or ends inside of a shot it does so to within 1.5 s.

    Attributes:
        most: how many of them there are at once.
        box: of the largest, left, top, right, bottom as shares of the picture.
    """

    most: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Line(Passage):
    """A line of text on screen.

    Attributes:
        kind: a mark stays or recurs at one place whatever the shot (a logo), a ticker runs along, a timecode counts.
        box: left, top, right, bottom as shares of the picture.
        height_px: of its box, in pixels of the picture as displayed.
        readings: how often it was read.
    """

    text: str
    kind: LineKind
    box: tuple[float, float, float, float]
    height_px: int
    readings: int


@dataclass(frozen=True, slots=True)
class Word(Passage):
    """One spoken word."""

    text: str


@dataclass(frozen=True, slots=True)
class Utterance(Passage):
    """Speech without a longer pause. Where it was not understood there are no words, so that none can be quoted."""

    understood: bool
    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class SoundPassage(Passage):
    """A stretch of one kind of sound; "sound" where nothing tells its kinds apart. Level: RMS, dB below full scale."""

    kind: SoundKind
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class SoundEvent(Passage):
    """A sudden sound: by how much it rises over what was heard before it, and to which level."""

    rise_db: float
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A picture as it is compared with others, see `likeness.Sketch`: each number a byte, as Base64."""

    at_s: float
    blocks: str
    colours: str


@dataclass(frozen=True, slots=True)
class Loudness:
    """EBU R 128: integrated loudness, loudness range, and the loudest 0.4 seconds; None where all is silence."""

    integrated_lufs: float | None
    range_lu: float
    loudest_lufs: float | None


@dataclass(frozen=True, slots=True)
class Missing:
    """What was not looked for, since packages are not installed."""

    what: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that was observed from `start_s` to `end_s`. `speech_by` names what recognised the words of `speech`."""

    version: int
    media: Media
    start_s: float
    end_s: float
    shots: tuple[Shot, ...] | None = None
    black: tuple[Passage, ...] | None = None
    still: tuple[Passage, ...] | None = None
    glimpses: tuple[Glimpse, ...] | None = None
    faces: tuple[Faces, ...] | None = None
    text: tuple[Line, ...] | None = None
    speech: tuple[Utterance, ...] | None = None
    speech_by: str | None = None
    sounds: tuple[SoundPassage, ...] | None = None
    events: tuple[SoundEvent, ...] | None = None
    loudness: Loudness | None = None
    missing: tuple[Missing, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values that any JSON writer takes; `from_json` reads them back."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}

    @staticmethod
    def from_json(plain: dict[str, Any]) -> "Timeline":
        """Read what `to_json` wrote. Raises ValueError where it is none, or of another version."""
        if plain.get("version") != VERSION:
            raise ValueError(f"This timeline is of version {plain.get('version')!r}; version {VERSION} is read.")
        return _adapter().validate_python(plain)


def _plain(value: Any) -> Any:
    """By hand: who writes a timeline shall not have to wait a tenth of a second for pydantic."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, float) else value  # NumPy's floats are floats, too


@cache
def _adapter() -> "TypeAdapter[Timeline]":
    from pydantic import TypeAdapter

    return TypeAdapter(Timeline)
