"""Where one shot ends and the next begins: hard cuts. For dissolves and fades see `evidence.fades`.

At a cut the picture changes at once, by far more than is usual around it, over most of it, and what is to be seen is
another view for good: a flash or an explosion brings it back, a lamp leaves its edges where they were, a camera moves
them a little, and one that is swung round takes several pictures to arrive.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from pipeline.server.engines.looks import TICK_S, Look
from pipeline.server.engines.views import difference, is_new_view

# What is usual is learnt from so long on either side, of so many pictures at least: three in four stay below it.
_USUAL_S, _USUAL_PICTURES, _USUAL_SHARE = 0.4, 4, 0.75
# By how much a cut exceeds it on the calmer side and on the other; and one that is faint, where colours stay the same.
_TIMES_USUAL, _TIMES_BUSY, _TIMES_USUAL_FAINT = 2.5, 1.6, 4.0
# Steps between pictures: mean difference from 0 to 255, and the share of the picture whose colour has another name.
_FAINTEST, _CLEAR, _CLEAR_COLOURS = 4.0, 12.0, 0.35
_FAINTEST_ALONE = 6.0
# A change that takes more steps than this, each nearly as large, is a swift movement; blur makes the first one larger.
_SWIFT_S, _SWIFT_PICTURES, _MOST_STEPS, _AS_LARGE = 0.12, 2, 2, 0.35
# A flash is over within the one time; within the other it fades away, with no second step as large.
_FLASH_S, _GLOW_S = 0.24, 1.0
# A picture that is the earlier one again, of the same view or at least in the same colours, differs from it by less
# than this share of the step in between.
_SAME_VIEW_BACK, _SAME_COLOURS_BACK, _SAME_COLOURS = 0.6, 0.3, 0.1


@dataclass(frozen=True, slots=True)
class _Step:
    before: Look
    look: Look
    difference: float
    colour_shift: float

    def is_new_view(self) -> bool:
        return is_new_view(self.before, self.look)


def mark_cuts(looks: Iterable[Look]) -> Iterator[tuple[Look, float]]:
    """Each look with how surely a new shot begins there, from 0 (none does) to 1; with the first one none ever does.

    Holds two seconds of pictures.
    """
    window = _Window()
    for step in _steps(looks):
        window.steps.append(step)
        while window.knows_enough():
            yield window.judge()
    while window.place < len(window.steps):
        yield window.judge()


def _steps(looks: Iterable[Look]) -> Iterator[_Step]:
    before: Look | None = None
    for look in looks:
        before = before or look
        yield _Step(before, look, difference(before, look), _shift(before, look))
        before = look


def _shift(one: Look, other: Look) -> float:
    return float(np.abs(one.colours - other.colours).sum() / (one.colours.sum() + other.colours.sum()))


def _sureness(step: _Step) -> float:
    """Twice what is asked for leaves no doubt."""
    return min(1.0, max(step.difference / _CLEAR, step.colour_shift / _CLEAR_COLOURS) / 2)


def _stands_out(step: _Step) -> bool:
    return step.difference > _CLEAR or (step.difference > _FAINTEST_ALONE and step.colour_shift > _CLEAR_COLOURS)


@dataclass(slots=True)
class _Window:
    """The steps around the one at `place`, whose turn it is."""

    steps: list[_Step] = field(default_factory=list)
    place: int = 0

    def knows_enough(self) -> bool:
        """Whether all is there that may tell of the step whose turn it is."""
        ahead = len(self.steps) - 1 - self.place
        return ahead >= _USUAL_PICTURES and self._at_s(-1) - self._at_s(self.place) > _GLOW_S

    def judge(self) -> tuple[Look, float]:
        """The next look, and how surely it is a cut."""
        step = self.steps[self.place]
        sureness = _sureness(step) if self._is_cut(step) else 0.0
        self.place += 1
        while self.place > _USUAL_PICTURES + 1 and self._at_s(self.place) - self._at_s(0) > _GLOW_S:
            del self.steps[0]
            self.place -= 1
        return step.look, sureness

    def _at_s(self, place: int) -> float:
        return self.steps[min(place, len(self.steps) - 1)].look.at_s

    def _is_cut(self, step: _Step) -> bool:
        return (
            step.difference > _FAINTEST and self._is_unusual(step) and self._is_sudden(step) and not self._passes(step)
        )

    def _is_unusual(self, step: _Step) -> bool:
        sides = (self._near(-1, _USUAL_S, _USUAL_PICTURES), self._near(1, _USUAL_S, _USUAL_PICTURES))
        usual = [_usual(each.difference for each in side) for side in sides if side]
        if not usual:
            return True
        clear = _stands_out(step)
        times = _TIMES_USUAL if clear else _TIMES_USUAL_FAINT
        if step.difference > times * min(usual) and step.difference > _TIMES_BUSY * max(usual):
            return True
        # where there is much movement, each step leaves the same view but for the cut
        return (
            clear
            and step.difference > max(usual)
            and step.is_new_view()
            and not any(each.is_new_view() for each in self._close())
        )

    def _near(self, way: int, within_s: float, pictures: int) -> list[_Step]:
        """The steps on one side, from the nearest to the farthest."""
        near: list[_Step] = []
        place = self.place + way
        while 0 < place < len(self.steps) and (
            len(near) < pictures or abs(self._at_s(place) - self._at_s(self.place)) <= within_s + TICK_S
        ):
            near.append(self.steps[place])
            place += way
        return near

    def _is_sudden(self, step: _Step) -> bool:
        """It is the largest step close by, not one of many, and leads to another view."""
        close = self._close()
        if any(each.difference > step.difference or _precedes(each, step) for each in close):
            return False
        large = [each for each in close if each.difference > _AS_LARGE * step.difference]
        if step.is_new_view():
            return sum(each.is_new_view() for each in large) < _MOST_STEPS
        # a single picture in which both views are mixed is like either
        one, other = self._ends(step)
        return len(large) == 1 and is_new_view(one, other)

    def _close(self) -> list[_Step]:
        return [*self._near(-1, _SWIFT_S, _SWIFT_PICTURES), *self._near(1, _SWIFT_S, _SWIFT_PICTURES)]

    def _ends(self, step: _Step) -> tuple[Look, Look]:
        """The pictures before and after the change; a single picture in between belongs to neither."""
        before, after = self._near(-1, 0.0, 1), self._near(1, 0.0, 1)
        return (
            before[0].before if before and before[0].difference > step.difference / 2 else step.before,
            after[0].look if after and after[0].difference > step.difference / 2 else step.look,
        )

    def _passes(self, step: _Step) -> bool:
        """What was to be seen before the step is back soon, or what comes with it was there just now."""
        before, after = self.steps[1 : self.place][::-1], self.steps[self.place + 1 :]
        return _is_there_again(step.before, ((each, each.look) for each in after), step) or _is_there_again(
            step.look, ((each, each.before) for each in before), step
        )


def _precedes(each: _Step, step: _Step) -> bool:
    """Of two steps that are equally large the first one counts."""
    return each.difference == step.difference and each.look.at_s < step.look.at_s


def _usual(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[int(_USUAL_SHARE * (len(ordered) - 1))]


def _is_there_again(look: Look, others: Iterable[tuple[_Step, Look]], step: _Step) -> bool:
    """Whether one of the others, from the nearest on, each with the step that leads there, shows the same view."""
    large = 0
    for each, other in others:
        away_s = abs(each.look.at_s - step.look.at_s)
        large += each.difference > step.difference / 2
        if away_s > _GLOW_S or (away_s > _FLASH_S and large):
            return False
        off = difference(look, other) / step.difference
        if off < _SAME_COLOURS_BACK and _shift(look, other) < _SAME_COLOURS:
            return True
        if off < _SAME_VIEW_BACK and not is_new_view(look, other):
            return True
    return False
