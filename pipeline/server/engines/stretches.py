"""Stretches of time, from one second to another on the clock of the file: put together and taken from one another."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

Stretch = tuple[float, float]


def joined(stretches: Iterable[Stretch], gap_s: float = 0.0) -> list[Stretch]:
    """In order, those that overlap or lie less than `gap_s` apart as one."""
    found: list[Stretch] = []
    for start_s, end_s in sorted(stretches):
        if found and start_s < found[-1][1] + gap_s:
            found[-1] = (found[-1][0], max(found[-1][1], end_s))
        elif end_s > start_s:
            found.append((start_s, end_s))
    return found


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """What lies in both, each of them in order and without overlaps."""
    found: list[Stretch] = []
    place = 0
    for start_s, end_s in one:
        while place < len(other) and other[place][1] <= start_s:
            place += 1
        last = bisect_left(other, end_s, key=lambda each: each[0])
        found += ((max(start_s, first_s), min(end_s, last_s)) for first_s, last_s in other[place:last])
    return found


def apart(stretches: Sequence[Stretch], taken: Sequence[Stretch]) -> list[Stretch]:
    """What of the stretches does not lie in any of those that are taken, each of them in order, without overlaps."""
    edges = [float("-inf"), *(edge for stretch in joined(taken) for edge in stretch), float("inf")]
    return common(stretches, list(pairwise(edges))[::2])


def covered_s(stretches: Iterable[Stretch]) -> float:
    """The seconds that they cover, which may overlap."""
    return sum(end_s - start_s for start_s, end_s in joined(stretches))
