"""Text on screen: a gate in front of a reader, whose readings are followed from picture to picture."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from av.video.frame import VideoFrame

from pipeline.server.engines.evidence.gate import Gate, Told
from pipeline.server.engines.evidence.kinds import lines_of
from pipeline.server.engines.evidence.lines import Lines
from pipeline.server.engines.evidence.reading import Reader
from pipeline.server.engines.evidence.timeline import Line


@dataclass(slots=True)
class TextFinder:
    """Looks on while the pictures of a window go by, and reads those that are worth it."""

    _gate: Gate = field(default_factory=Gate)
    _reader: Reader = field(default_factory=Reader)
    _lines: Lines = field(default_factory=Lines)

    def watch(self, frames: Iterable[tuple[float, VideoFrame]]) -> Iterator[tuple[float, VideoFrame]]:
        """Hand every picture on, having looked at it."""
        for at_s, frame in frames:
            glance = self._gate.look(at_s, frame)
            if glance is not None:
                self._lines.lose(glance.gone, at_s)
                if glance.reads:
                    self._read(at_s, glance.since_s, frame)
            yield at_s, frame

    def _read(self, at_s: float, since_s: float, frame: VideoFrame) -> None:
        news = self._lines.see(at_s, since_s, self._reader.read(frame))
        self._gate.tell([Told(track.last.box, track.restless) for track in self._lines.shown], news=news)

    def found(self, boundaries_s: Sequence[float], start_s: float, end_s: float) -> tuple[Line, ...]:
        """The lines of what was watched, given where shots begin."""
        return lines_of(self._lines.tracks, boundaries_s, start_s, end_s)
