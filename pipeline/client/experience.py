"""How long analyses take, learned from those that are done."""

from bisect import bisect_left, insort
from collections import deque
from math import log

from pipeline.config import PollingSettings

# Enough to follow a platform that grows faster or slower within an hour or two of work.
REMEMBERED = 256
# How many of the most similar videos are asked.
NEIGHBOURS = 12
# The share of similar analyses that were done by the time of the first look: later costs time, earlier costs requests.
DONE_BY_THEN = 0.75
# Below this length the fixed part of an analysis is nearly all of it.
SHORTEST_S = 3.0


class Experience:
    """Past analyses, and what the most similar ones say of the next."""

    def __init__(self, polling: PollingSettings) -> None:
        self._polling = polling
        self._count = 0
        # (video seconds, running number, seconds to the answer), once as they came and once by length
        self._in_order: deque[tuple[float, int, float]] = deque()
        self._by_length: list[tuple[float, int, float]] = []

    def learn(self, video_s: float, seconds: float) -> None:
        """Add an analysis that is done: how long the video is, and how long it took from submission to answer."""
        self._count += 1
        entry = (max(video_s, SHORTEST_S), self._count, seconds)
        self._in_order.append(entry)
        insort(self._by_length, entry)
        if len(self._in_order) > REMEMBERED:
            del self._by_length[bisect_left(self._by_length, self._in_order.popleft())]

    def first_look_s(self, video_s: float | None) -> float:
        """Seconds after submission at which a first look is worth a request; None is a video of unknown length."""
        if video_s is None:
            return self._polling.first_look_s
        by_settings_s = self._polling.first_look_s + self._polling.per_video_minute_s * video_s / 60
        if not self._by_length:
            return by_settings_s
        length_s = max(video_s, SHORTEST_S)
        # per second of a similar video, for the seconds of this one; what short ones waited for their turn, though,
        # says nothing of how long a film takes
        times = sorted(
            min(seconds * length_s / past_s, max(seconds, by_settings_s))
            for past_s, _, seconds in self._nearest(length_s)
        )
        return times[round(DONE_BY_THEN * (len(times) - 1))]

    def _nearest(self, length_s: float) -> list[tuple[float, int, float]]:
        middle = bisect_left(self._by_length, (length_s, self._count + 1, 0.0))  # behind the newest of this length
        around = self._by_length[max(0, middle - NEIGHBOURS) : middle + NEIGHBOURS]
        return sorted(around, key=lambda entry: (abs(log(entry[0] / length_s)), -entry[1]))[:NEIGHBOURS]
