"""Readings merged over time into lines, each with the span in which it is on screen."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from pipeline.server.engines.evidence.gate import EDGE, Box
from pipeline.server.engines.evidence.reading import Reading

# Readings are of one line where they stand at one height, within so much of the picture, and are as much alike.
_SAME_HEIGHT, _SAME_PLACE, _ALIKE = 0.03, 0.06, 0.7
# Where a line was restless, the next one is, for so long.
_RESTLESS_S = 30.0
# No more lines than this are kept, and of each no more readings: a video of noise must not fill the memory.
_MOST_LINES, _MOST_READINGS = 20_000, 40


@dataclass(slots=True)
class Track:
    """A line while it is followed.

    Attributes:
        gone_s: when it was first found missing; None while it is on screen.
        restless: it stands where a line with other numbers stood, or runs along where another piece of it did.
    """

    start_s: float
    seen_s: float
    readings: list[Reading]
    restless: bool = False
    gone_s: float | None = None

    @property
    def last(self) -> Reading:
        return self.readings[-1]

    @property
    def count(self) -> int:
        return len(self.readings)

    def text(self) -> str:
        """The reading that came most often; of several, the surest."""
        counts = Counter(reading.text for reading in self.readings)
        return max(self.readings, key=lambda each: (counts[each.text], each.confidence)).text

    def confidence(self) -> float:
        """Of the surest reading that is told."""
        text = self.text()
        return max(reading.confidence for reading in self.readings if reading.text == text)

    def boxes(self) -> tuple[Box, ...]:
        return tuple(reading.box for reading in self.readings)


@dataclass(slots=True)
class Lines:
    """Follows the lines of a video from reading to reading. `shown` are those of the last one, in its order."""

    tracks: list[Track] = field(default_factory=list)
    shown: list[Track] = field(default_factory=list)
    _restless: list[tuple[float, Reading]] = field(default_factory=list)

    def see(self, at_s: float, since_s: float, readings: Sequence[Reading]) -> bool:
        """Take in what was read of a picture that has been as it is for a while; whether a line of it is new."""
        before, free = list(self.shown), [track for track in self.shown if track.gone_s is None]
        self.shown, news = [], False
        for reading in readings:
            track = next((each for each in free if _is_same(each.last, reading)), None)
            if track is None:
                track = self._begin(since_s, at_s, reading, before)
                news = news or not track.restless
            else:
                free.remove(track)
                track.seen_s = at_s
                if track.count < _MOST_READINGS:
                    track.readings.append(reading)
            self.shown.append(track)
        self._restless = [(seen_s, each) for seen_s, each in self._restless if at_s - seen_s < _RESTLESS_S]
        self._restless += [(at_s, track.last) for track in self.shown if track.restless]
        for track in free:
            track.gone_s = max(track.seen_s, since_s)
        return news

    def lose(self, places: Iterable[int], at_s: float) -> None:
        """Lines of the last reading that have been seen to vanish."""
        for place in places:
            track = self.shown[place]
            track.gone_s = at_s if track.gone_s is None else track.gone_s

    def _begin(self, since_s: float, at_s: float, reading: Reading, before: Sequence[Track]) -> Track:
        follows = any(_follows(track.last, reading) for track in before)
        restless = follows or any(_is_at(each, reading) for _, each in self._restless)
        track = Track(since_s, at_s, [reading], restless)
        if len(self.tracks) < _MOST_LINES:
            self.tracks.append(track)
        return track


def _is_same(one: Reading, other: Reading) -> bool:
    if not _is_level(one, other) or not alike(one.text, other.text):
        return False
    return abs(one.box[0] - other.box[0]) < _SAME_PLACE or abs(one.box[2] - other.box[2]) < _SAME_PLACE


def _follows(one: Reading, other: Reading) -> bool:
    """Whether the other is the next piece of a ticker, or the next number of a counter."""
    if not _is_level(one, other):
        return False
    if any(reading.box[0] < EDGE or reading.box[2] > 1 - EDGE for reading in (one, other)):
        return True
    return _figures(one.text) != _figures(other.text) and _words(one.text) == _words(other.text)


def _is_at(one: Reading, other: Reading) -> bool:
    """Whether one stands where the other does, or runs along there."""
    runs = one.box[2] - one.box[0] > 0.5
    return _is_level(one, other) and (runs or abs(one.box[0] - other.box[0]) < _SAME_PLACE)


def _is_level(one: Reading, other: Reading) -> bool:
    return all(abs(one.box[side] - other.box[side]) <= _SAME_HEIGHT for side in (1, 3))


def alike(one: str, other: str) -> bool:
    """Whether two readings may be of the same text: a wrong letter is forgiven, another number is another text."""
    if _figures(one) != _figures(other):
        return False
    one, other = _plain(one), _plain(other)
    return one == other or SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE


def _plain(text: str) -> str:
    return "".join(text.lower().split())


def _figures(text: str) -> list[str]:
    return [letter for letter in text if letter.isdigit()]


def _words(text: str) -> list[str]:
    return [letter for letter in text.lower() if letter.isalpha()]
