"""Which pictures of a window are decoded, and the cuts among them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.server.engines.decode import Effort, choose_effort, pictures
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.shots import mark_cuts

WriteVideo = Callable[..., Path]


def test_key_frames_alone(write_video: WriteVideo) -> None:
    """Key frames are enough to find the cuts of a long video, for which an encoder starts a new group."""
    random = np.random.default_rng(3)
    scenes = [random.integers(0, 255, (12, 12, 3), np.uint8).repeat(30, 0).repeat(30, 1) for _ in range(3)]
    video = write_video((n / 25, scenes[n // 50]) for n in range(150))
    looks = look_at(pictures(video, 0.0, 6.0, Effort.KEY))
    cuts = [look.at_s for look, is_cut in mark_cuts(looks, sparse=True) if is_cut]
    assert cuts == [pytest.approx(2.0, abs=0.06), pytest.approx(4.0, abs=0.06)]


def test_effort_falls_with_length(write_video: WriteVideo) -> None:
    """Short windows are decoded whole, longer ones in part, and key frames serve only where there are enough."""
    video = write_video((n / 25, np.full((360, 360, 3), 40 + n // 25 * 150, np.uint8)) for n in range(50))
    assert choose_effort(video, 0.0, 300.0) is Effort.EVERY
    assert choose_effort(video, 0.0, 1800.0) is Effort.REFERENCED
    assert choose_effort(video, 0.0, 7200.0) is Effort.REFERENCED  # two key frames for two hours are too few
