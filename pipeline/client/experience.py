"""How long analyses take, learned from those that are done."""

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
    """Past analyses, and what they say of the next one."""

    def __init__(self, polling: PollingSettings) -> None:
        self._polling = polling
        self._past: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)

    def learn(self, video_s: float, seconds: float) -> None:
        """Add an analysis that is done: how long the video is, and how long it took from submission to answer."""
        self._past.append((max(video_s, SHORTEST_S), seconds))

    def first_look_s(self, video_s: float | None) -> float:
        """Seconds after submission at which a first look is worth a request; None is a video of unknown length."""
        if video_s is None:
            return self._polling.first_look_s
        if not self._past:
            return self._polling.first_look_s + self._polling.per_video_minute_s * video_s / 60
        length_s = max(video_s, SHORTEST_S)
        nearest = sorted(self._past, key=lambda pair: abs(log(pair[0] / length_s)))[:NEIGHBOURS]
        # per second of a neighbour's video, for the seconds of this one
        times = sorted(seconds * length_s / past_s for past_s, seconds in nearest)
        return times[round(DONE_BY_THEN * (len(times) - 1))]
