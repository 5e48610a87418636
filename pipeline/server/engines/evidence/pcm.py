"""The sound of a window at 16 kHz, mono, a block at a time: what speech models take."""

from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

RATE = 16_000
# Times of frames that are further off than this say that something is missing, or that the clock jumped.
_MOST_SLIP_S = 0.1

Pcm = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Block:
    """Samples that follow one another from `at_s` on. Where a block does not begin at the end of the one before, there
    is a gap between them.
    """

    at_s: float
    samples: Pcm


class Resampling:
    """Frames as they come in, blocks as they go out; begins anew where the format or the clock jumps."""

    def __init__(self) -> None:
        self._resampler: AudioResampler | None = None
        self._form: tuple[str, str, int] | None = None
        self._given_s = self._due_s = 0.0

    def push(self, at_s: float, frame: AudioFrame) -> Iterator[Block]:
        """Take in a frame of a time."""
        form = (frame.format.name, frame.layout.name, frame.sample_rate)
        if form != self._form or abs(at_s - self._due_s) > _MOST_SLIP_S:
            yield from self.close()
            self._resampler, self._form = AudioResampler("s16", "mono", RATE), form
            self._given_s = self._due_s = at_s
        self._due_s += frame.samples / frame.sample_rate
        frame.pts = None
        yield from self._resampled(frame)

    def close(self) -> Iterator[Block]:
        """What is still inside."""
        if self._resampler is not None:
            yield from self._resampled(None)
            self._resampler = None

    def _resampled(self, frame: AudioFrame | None) -> Iterator[Block]:
        if self._resampler is None:
            return
        try:
            made = self._resampler.resample(frame)
        except (av.FFmpegError, ValueError):
            self._resampler, self._form = None, None  # a broken frame: its sound is lost, the next begins anew
            return
        for part in made:
            samples = np.asarray(part.to_ndarray().ravel(), np.int16)
            if samples.size:
                yield Block(self._given_s, samples)
                self._given_s += samples.size / RATE
