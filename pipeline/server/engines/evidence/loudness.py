"""How loud it is to a listener: EBU R 128, by FFmpeg's own meter."""

import math
from fractions import Fraction

import av
from av.audio.frame import AudioFrame
from av.filter import Graph

from pipeline.server.engines.evidence.timeline import Loudness

# What the meter says of silence.
_NO_LOUDNESS_LUFS = -70.0


class LoudnessMeter:
    """Frames go in; what was measured can be asked for at the end. Begins a new meter where the format changes."""

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._form: tuple[str, str, int] | None = None
        self._position = 0
        self._done: list[tuple[int, Loudness]] = []
        self._integrated, self._range, self._loudest = -math.inf, 0.0, -math.inf

    def push(self, frame: AudioFrame) -> None:
        """Take in a frame; its time does not matter."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form:
            self._finish()
            self._graph, self._form, self._position = _meter(*form), form, 0
        frame.pts, frame.time_base = self._position, Fraction(1, frame.sample_rate)
        self._position += frame.samples
        if self._graph is not None:
            try:
                self._graph.push(frame)
                self._pull(self._graph)
            except av.FFmpegError:
                self._graph = None  # a frame that the meter does not take: the rest goes unmeasured

    def loudness(self) -> Loudness:
        """Of all that was heard; of a file whose format changes, of its longest part."""
        self._finish()
        return max(self._done, key=lambda each: each[0])[1] if self._done else Loudness(None, 0.0, None)

    def _finish(self) -> None:
        if self._form is not None:
            measured = Loudness(_told(self._integrated), round(self._range, 1), _told(self._loudest))
            self._done.append((self._position, measured))
        self._integrated, self._range, self._loudest, self._form = -math.inf, 0.0, -math.inf, None

    def _pull(self, graph: Graph) -> None:
        while True:
            try:
                told = graph.pull().metadata
            except av.BlockingIOError:
                return
            self._integrated = float(told.get("lavfi.r128.I", "nan"))
            self._range = float(told.get("lavfi.r128.LRA", 0))
            self._loudest = max(self._loudest, float(told.get("lavfi.r128.M", "-inf")))


def _told(lufs: float) -> float | None:
    return round(lufs, 1) if lufs > _NO_LOUDNESS_LUFS else None


def _meter(form: str, layout: str, rate: int) -> Graph:
    graph = Graph()
    source = graph.add_abuffer(format=form, layout=layout, sample_rate=rate, time_base=Fraction(1, rate))
    # In silence the meter's filters would run down to numbers so small that they take it ten times as long.
    awake = graph.add("adenorm", "type=ac")
    meter = graph.add("ebur128", "metadata=1:framelog=quiet")
    sink = graph.add("abuffersink")
    source.link_to(awake)
    awake.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    return graph
