"""Frames of sound joined into longer ones: handling a frame costs more than what is done to its samples."""

from collections.abc import Iterable, Iterator

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame

# So long are joined frames: at 44.1 kHz twenty times as long as those of AAC.
_LONG_S = 0.5
# Containers round times to milliseconds; what is further off than this does not follow.
_MOST_SLIP_S = 0.01


def joined(frames: Iterable[tuple[float, AudioFrame]]) -> Iterator[tuple[float, AudioFrame]]:
    """The same samples in longer frames, each with its time; what does not follow the one before begins another."""
    fifo, form, begun_s, due_s = AudioFifo(), None, 0.0, 0.0
    for at_s, frame in frames:
        its_form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if fifo.samples and (its_form != form or abs(at_s - due_s) > _MOST_SLIP_S or due_s - begun_s >= _LONG_S):
            yield from _whole(begun_s, fifo)
        if its_form != form:
            fifo, form = AudioFifo(), its_form
        if not fifo.samples:
            begun_s = due_s = at_s
        frame.pts = None
        fifo.write(frame)
        due_s += frame.samples / frame.sample_rate
    yield from _whole(begun_s, fifo)


def _whole(begun_s: float, fifo: AudioFifo) -> Iterator[tuple[float, AudioFrame]]:
    frame = fifo.read(0)
    if frame is not None:
        frame.pts = None
        yield begun_s, frame
