"""Programmes: longer films made up at random from a seed, with everything in them that evidence is gathered of.

A programme is a description; `painting` draws it, `score` makes its sound, `broadcast` encodes both and writes down
what is in them. The same seed always gives the same description.
"""

import random
from dataclasses import dataclass
from typing import Literal

Ground = Literal["plain", "gradient", "texture", "stripes", "crowd"]
Entrance = Literal["cut", "dissolve", "fade"]
SoundKind = Literal["silence", "speech", "music", "other", "speech over music", "babble"]

GROUNDS: tuple[Ground, ...] = ("plain", "gradient", "texture", "texture", "stripes", "crowd")
_WORDS = [
    "harbor",
    "bridge",
    "market",
    "signal",
    "garden",
    "copper",
    "window",
    "planet",
    "silver",
    "basket",
    "quarter",
    "review",
    "annual",
    "report",
    "camera",
    "history",
    "nature",
    "safety",
    "welcome",
    "kitchen",
    "station",
    "summer",
    "winter",
    "factory",
    "engine",
    "travel",
    "village",
    "science",
    "museum",
    "language",
    "distance",
    "weather",
    "records",
    "public",
    "service",
    "central",
    "station",
    "breaking",
    "morning",
    "evening",
    "special",
    "edition",
]
_INK = ((255, 255, 255), (255, 230, 60), (20, 20, 20), (240, 250, 255))
SENTENCES = (
    "our sales grew by eighteen percent in the third quarter",
    "the new factory will open in the spring of next year",
    "please keep your hands away from the hot surface",
    "first turn off the power and remove the back cover",
    "thank you for watching and see you next week",
    "the weather will be cold and windy in the north",
    "children should always cross the street with an adult",
    "add two cups of flour and one cup of sugar",
    "we found three problems with the old engine",
    "the doctor said that he should rest for two days",
    "the meeting starts in the small room on the second floor",
    "nobody knows why the ship never came back to the harbor",
    "she bought a red car and sold it the same day",
    "the government will raise the price of water in june",
    "my brother plays the guitar every evening after work",
    "you can find more information on the last page of the book",
    "the museum is closed on monday but open on sunday",
    "a small fire started in the kitchen of the old hotel",
    "the team won the game with two goals in the last minute",
    "most people in this town work for the same company",
)


@dataclass(frozen=True, slots=True)
class Title:
    """Text on screen. Times count from the beginning of the programme; `place` is its middle, in shares."""

    text: str
    start_s: float
    end_s: float
    size_px: int
    font: int
    ink: tuple[int, int, int]
    place: tuple[float, float]
    boxed: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One shot: what it shows, and how it begins. Its time is that of the boundary, in the middle of a transition."""

    start_s: float
    end_s: float
    ground: Ground
    colours: tuple[tuple[int, int, int], tuple[int, int, int]]
    speed: float
    seed: int
    entered: Entrance = "cut"
    entered_over_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of sound; of speech, what is said, and how fast (1 is usual, more is slower). Babble is a voice that
    nobody understands: speech played backwards.
    """

    start_s: float
    seconds: float
    kind: SoundKind
    says: tuple[str, ...] = ()
    pace: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Programme:
    """A whole programme. `mark`, `ticker` and `timecode` say what is on screen all the time, if anything."""

    seed: int
    seconds: float
    width: int
    height: int
    fps: int
    parts: tuple[Part, ...]
    titles: tuple[Title, ...]
    flashes_s: tuple[float, ...]
    heard: tuple[Heard, ...]
    bangs_s: tuple[float, ...]
    mark: str = ""
    ticker: str = ""
    timecode: bool = False


def compose(seed: int, seconds: float = 120.0, width: int = 1280, height: int = 720, fps: int = 25) -> Programme:
    """Make up a programme."""
    chance = random.Random(seed)
    parts = tuple(_parts(chance, seconds, fps))
    heard = tuple(_heard(chance, seconds))
    return Programme(
        seed=seed,
        seconds=parts[-1].end_s,
        width=width,
        height=height,
        fps=fps,
        parts=parts,
        titles=tuple(title for part in parts for title in _titles(chance, part, height)),
        flashes_s=tuple(
            part.start_s + 1.2 for part in parts if part.end_s - part.start_s > 3 and chance.random() < 0.1
        ),
        heard=heard,
        bangs_s=tuple(
            stretch.start_s + 1.5 for stretch in heard if stretch.kind == "silence" and stretch.seconds > 3.2
        ),
        mark=f"{chance.choice(_WORDS).upper()} TV",
        ticker=" ".join(chance.choice(_WORDS) for _ in range(12)) if seed % 2 else "",
        timecode=seed % 3 == 0,
    )


def _parts(chance: random.Random, seconds: float, fps: int) -> list[Part]:
    parts: list[Part] = []
    at_s = 0.0
    while at_s < seconds:
        entered: Entrance = chance.choices(("cut", "dissolve", "fade"), (6, 2, 2))[0] if parts else "cut"
        over_s = {"cut": 0.0, "dissolve": chance.uniform(0.5, 1.6), "fade": chance.uniform(0.6, 2.0)}[entered]
        length_s = round((chance.uniform(2.0, 6.5) + over_s) * fps) / fps
        parts.append(
            Part(
                start_s=round(at_s, 3),
                end_s=round(at_s + length_s, 3),
                ground=_other(chance, GROUNDS, parts[-1].ground if parts else None),
                colours=(_colour(chance), _colour(chance)),
                speed=chance.choice((0.0, 0.3, 1.0, 2.5)),
                seed=chance.randrange(10**6),
                entered=entered,
                entered_over_s=round(over_s * fps) / fps,
            )
        )
        at_s += length_s
    return parts


def _other(chance: random.Random, grounds: tuple[Ground, ...], before: Ground | None) -> Ground:
    """Any ground; a texture may follow a texture."""
    ground = chance.choice(grounds)
    return ground if ground != before or ground == "texture" else _other(chance, grounds, before)


def _colour(chance: random.Random) -> tuple[int, int, int]:
    return (chance.randrange(10, 246), chance.randrange(10, 246), chance.randrange(10, 246))


def _titles(chance: random.Random, part: Part, height: int) -> list[Title]:
    """Up to three lines, one below the other, that come and go together inside the shot."""
    from_s = part.start_s + part.entered_over_s / 2 + chance.choice((0.04, 0.04, 0.8))
    until_s = part.end_s - chance.choice((1.05, 1.05, 1.6))
    if until_s - from_s < 1.2 or chance.random() < 0.35:
        return []
    size = round(chance.choice((24, 28, 36, 48, 64)) * height / 720)
    font, ink, boxed = chance.randrange(100), chance.choice(_INK), chance.random() < 0.5
    left, top = chance.uniform(0.3, 0.55), chance.uniform(0.2, 0.55)
    return [
        Title(
            text=_phrase(chance),
            start_s=round(from_s, 3),
            end_s=round(until_s, 3),
            size_px=size,
            font=font,
            ink=ink,
            place=(left, top + row * 1.7 * size / height),
            boxed=boxed,
        )
        for row in range(chance.choice((1, 1, 2, 3)))
    ]


def _phrase(chance: random.Random) -> str:
    words = [chance.choice(_WORDS) for _ in range(chance.choice((2, 3, 3)))]
    text = " ".join(words).title() if chance.random() < 0.6 else " ".join(words).capitalize()
    extra = chance.choice(
        ("", "", f" {chance.randrange(10, 99)}", f" {chance.randrange(1990, 2030)}", f": {chance.randrange(2, 99)}%")
    )
    return (text.upper() if chance.random() < 0.2 else text) + extra


def _heard(chance: random.Random, seconds: float) -> list[Heard]:
    """Stretches one after the other, in an order that leaves none of the kinds out for long."""
    heard: list[Heard] = []
    at_s = 0.0
    kinds: list[SoundKind] = []
    while at_s < seconds - 6:
        if not kinds:
            kinds = ["speech", "music", "speech", "silence", "other", "speech over music", "silence", "babble"]
            chance.shuffle(kinds)
        kind = kinds.pop()
        length_s = {"silence": chance.uniform(1.5, 5), "music": chance.uniform(6, 14), "other": chance.uniform(4, 8)}
        count = {"speech": chance.choice((1, 2, 3)), "speech over music": 2, "babble": 1}.get(kind, 0)
        says = tuple(chance.sample(SENTENCES, count))
        # about four letters take a quarter of a second
        spoken_s = sum(len(sentence) * 0.075 + 0.6 for sentence in says)
        stretch_s = min(length_s.get(kind, spoken_s + 1.0), seconds - at_s)
        pace = chance.choice((0.95, 1.0, 1.15))
        heard.append(Heard(round(at_s, 3), round(stretch_s, 3), kind, says, pace, chance.randrange(10**6)))
        at_s += stretch_s
    return heard
