"""Kinds of evidence by the words that people ask for them with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, cast

from pipeline.server.engines import wording
from pipeline.server.engines.answers.entries import Entry, Kind
from pipeline.server.engines.colours import NAMES
from pipeline.server.engines.evidence.timeline import Line, Passage, Shot, SoundEvent, SoundPassage
from pipeline.server.engines.words import stems

Part = Literal["shots", "text", "speech", "sounds"]
Strength = Callable[[Passage], float]

# From here on a colour is seen.
_SHARE = 0.15
_FLOOR_DBFS = 100.0


@dataclass(frozen=True, slots=True)
class Aspect:
    """One kind of thing that can be asked for.

    Attributes:
        noun: what is counted.
        words: stems that ask for it.
        part: the track of the timeline that it is of.
        needs: what has to have been looked for, in the words of `Missing`.
        strength: from 0 to 1, how much of it an entry has.
        least: the strength from which an entry counts as one.
        proves_absence: whether there is none where none is found; of what is found only where it is clear, that is
            not so.
    """

    noun: str
    words: frozenset[str]
    kinds: frozenset[Kind]
    part: Part
    needs: str = ""
    strength: Strength = lambda _: 1.0
    least: float = 0.0
    proves_absence: bool = True

    @property
    def lasts(self) -> bool:
        """Whether it says something for how long there is of it: lines stand beside one another, cuts take no time."""
        return self.part != "text" and self.least < 1.0

    def of(self, entry: Entry) -> float:
        """How much the entry is of this kind; 0 where it is not."""
        return self.strength(entry.of) if entry.kind in self.kinds else 0.0

    def counts(self, entry: Entry) -> bool:
        """Whether the entry is one of this kind."""
        strength = self.of(entry)
        return strength > 0 and strength >= self.least


def _aspect(
    noun: str, words: str, kinds: str, part: Part, needs: str = "", *, of: Strength = lambda _: 1.0, least: float = 0.0
) -> Aspect:
    return Aspect(
        noun, frozenset(stems(words)), cast("frozenset[Kind]", frozenset(kinds.split())), part, needs, of, least
    )


def _of_shot(measure: Callable[[Shot], float]) -> Strength:
    return lambda passage: measure(passage) if isinstance(passage, Shot) else 0.0


def _entered(*ways: str) -> Strength:
    return _of_shot(lambda shot: float(shot.entered in ways))


def _loud(passage: Passage) -> float:
    if isinstance(passage, SoundEvent):
        return 1.0
    return _share_of_level(passage.level_dbfs) if isinstance(passage, SoundPassage) else 0.0


def _quiet(passage: Passage) -> float:
    if isinstance(passage, SoundPassage):
        # a bang in it makes silence no louder
        return 1.0 if passage.kind == "silence" else 1 - _share_of_level(passage.level_dbfs)
    return 0.0


def _has_figures(passage: Passage) -> float:
    return float(isinstance(passage, Line) and any(character.isdigit() for character in passage.text))


def _share_of_level(dbfs: float) -> float:
    return min(1.0, max(0.0, 1 + dbfs / _FLOOR_DBFS))


def _colour(name: str) -> Aspect:
    words = {"grey": "grey gray", "purple": "purple violet", "cyan": "cyan turquoise teal"}.get(name, name)
    share = _of_shot(lambda shot: dict(shot.colours).get(name, 0.0))
    return _aspect(f"shots with {name}", words, "shot", "shots", of=share, least=_SHARE)


TOLD_APART = "speech and music told apart"
_SOUNDS = "speech music other sound event"

FIGURES = _aspect(
    "lines of text with figures", "date dates percent percentage price prices digit digits figure figures year years",
    "title mark ticker", "text", "text on screen", of=_has_figures, least=1.0,
)  # fmt: skip
TITLES = _aspect("titles on screen", "title headline heading intertitle", "title", "text", "text on screen")
SPEECH = _aspect(
    "passages of speech",
    "speak speaks speaker speakers speech spoke spoken say says saying said talk talked voice voices transcript"
    " transcripts transcribe transcription verbatim dialogue dialog conversation quote quotation narration narrator"
    " narrate interview discuss discussion utterance hear heard",
    "words voice",
    "speech",
    "spoken words",
)
SHOTS = _aspect("shots", "shot scene visual visually", "shot", "shots")
COLOURS = _aspect("shots and their colours", "colour color coloured colored hue palette tint", "shot", "shots")
TIMECODES = _aspect("timecodes on screen", "timecode clock counter", "timecode", "text", "text on screen")
MUSIC = _aspect(
    "passages of music", "music musical song soundtrack melody tune jingle sing singing", "music", "sounds",
    TOLD_APART,
)  # fmt: skip
TRANSITIONS = _aspect(
    "transitions", "transition", "shot", "shots", of=_entered("cut", "dissolve", "fade"), least=1.0
)  # fmt: skip
FACES = replace(
    _aspect(
        "passages with faces in view", "face faces facial closeup portrait person people", "face", "shots", "faces"
    ),
    proves_absence=False,
)
FADES = _aspect("fades and dissolves", "fade dissolve", "shot", "shots", of=_entered("dissolve", "fade"), least=1.0)

ASPECTS = (
    TITLES,
    FIGURES,
    _aspect(
        "lines of text on screen",
        "text texts caption subtitle ocr written writing wrote read reads reading onscreen lettering sign banner",
        "title mark ticker timecode",
        "text",
        "text on screen",
    ),
    replace(
        _aspect("marks on screen", "logo brand watermark mark branding", "mark", "text", "text on screen"),
        proves_absence=False,
    ),
    _aspect("tickers on screen", "ticker crawl crawler", "ticker", "text", "text on screen"),
    TIMECODES,
    SPEECH,
    MUSIC,
    _aspect("passages of sound", "sound audio noise noisy hear heard audible acoustic", _SOUNDS, "sounds"),
    _aspect(
        "loud passages and sudden sounds", "loud louder loudest loudness volume",
        _SOUNDS, "sounds", of=_loud, least=_share_of_level(wording.LOUD_DBFS),
    ),
    _aspect("sudden sounds", "bang sudden suddenly explosion", "event", "sounds"),
    _aspect(
        "silent or quiet passages", "silence silent quiet quieter quietest quietly mute muted",
        f"silence {_SOUNDS}", "sounds", of=_quiet, least=1 - _share_of_level(wording.QUIET_DBFS),
    ),
    SHOTS,
    COLOURS,
    FACES,
    _aspect("shots and their brightness", "brightness exposure lighting", "shot", "shots"),
    *(_colour(name) for name in NAMES if name != "black"),
    _aspect("cuts", "cut edit", "shot", "shots", of=_entered("cut"), least=1.0),
    TRANSITIONS,
    FADES,
    _aspect(
        "dark shots", "dark darker darkest darkness dim", "shot", "shots",
        of=_of_shot(lambda shot: 1 - shot.brightness), least=1 - wording.DARK,
    ),
    _aspect(
        "bright shots", "bright brighter brightest lit", "shot", "shots", of=_of_shot(lambda shot: shot.brightness),
        least=wording.BRIGHT,
    ),
    _aspect("black passages", "black blank blackness", "black", "shots"),
    _aspect("still passages", "still freeze frozen static motionless standstill", "still", "shots"),
    _aspect(
        "shots with motion", "motion move movement moving action activity dynamic fast fastest pace", "shot", "shots",
        of=_of_shot(lambda shot: shot.motion or 0.0), least=wording.MOVES,
    ),
)  # fmt: skip

# All of a track; whoever asks for some of it, too, asks for those alone.
WHOLE: frozenset[str] = frozenset((SHOTS.noun,))
# What the loudness of the whole file belongs to.
LEVELS: frozenset[str] = frozenset(("passages of sound", "loud passages and sudden sounds"))
