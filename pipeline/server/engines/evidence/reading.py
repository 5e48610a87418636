"""Text in one picture, read by RapidOCR with the models that come inside its package."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from pipeline.server.engines.decode import upright
from pipeline.server.engines.evidence.gate import Box
from pipeline.server.engines.light import as_shown

# Lines are looked for in a picture of so many points on its longer side, and read in one of up to so many. Both sides
# are rounded to multiples of 32: 512 x 288 has the shape of 1280 x 720; 544 takes a fifth longer and reads two more of
# 75 titles wrongly. Letters of 20 points in a picture of 1080 lines are found.
_FIND_SIDE, _READ_SIDE = 512, 1920
# Readings less sure than this, or of less than two letters or digits, are mostly not text.
_LEAST_SURE, _FEWEST_LETTERS = 0.6, 2


@dataclass(frozen=True, slots=True)
class Reading:
    """One line as it was read in one picture; its box in shares of the picture as displayed."""

    text: str
    confidence: float
    box: Box
    height_px: int


@dataclass(slots=True)
class Reader:
    """Reads pictures; the models are loaded with the first one of a process."""

    _shrink: VideoReformatter = field(default_factory=VideoReformatter)

    def read(self, frame: VideoFrame) -> list[Reading]:
        """The lines in a picture, from the top down."""
        picture = self._upright(frame)
        found = _models()(picture)
        if not found.txts:
            return []
        height, width = picture.shape[:2]
        scale = max(frame.width, frame.height) / max(height, width)
        lines = [
            _reading(text, float(score), np.asarray(corners), width, height, scale)
            for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True)
        ]
        clear = [line for line in lines if line.confidence >= _LEAST_SURE and _letters(line.text) >= _FEWEST_LETTERS]
        return sorted(clear, key=lambda line: (line.box[1], line.box[0]))

    def _upright(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """The picture as displayed, blue first."""
        shrink_by = min(1.0, _READ_SIDE / max(frame.width, frame.height))
        small = self._shrink.reformat(
            frame, round(frame.width * shrink_by), round(frame.height * shrink_by), "bgr24", threads=1
        )
        return upright(as_shown(np.asarray(small.to_ndarray(), np.uint8), frame, blue_first=True), frame)


def _reading(
    text: str, score: float, corners: npt.NDArray[np.floating], width: int, height: int, scale: float
) -> Reading:
    left, top = corners.min(0)
    right, bottom = corners.max(0)
    box = (
        round(max(0.0, float(left) / width), 4),
        round(max(0.0, float(top) / height), 4),
        round(min(1.0, float(right) / width), 4),
        round(min(1.0, float(bottom) / height), 4),
    )
    return Reading(text.strip(), round(score, 3), box, round(float(bottom - top) * scale))


def _letters(text: str) -> int:
    return sum(letter.isalnum() for letter in text)


@cache
def _models() -> Any:
    """They hold nothing of what they have read, and loading them takes as long as reading three pictures."""
    recogniser, models = _imported()
    logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
    return recogniser(
        params={
            **models,
            "Global.log_level": "critical",
            "Global.use_cls": False,  # text on screen stands upright
            "Det.limit_type": "max",
            "Det.limit_side_len": _FIND_SIDE,
            "Rec.rec_batch_num": 1,  # in a batch every line is padded to the longest: time and memory for nothing
            # without it glibc is asked for aligned blocks, of which it reuses few: 30 MiB more with every picture
            "EngineConfig.onnxruntime.enable_cpu_mem_arena": True,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # the pool that calls is the parallelism
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def _imported() -> tuple[Any, dict[str, str]]:
    """The class of RapidOCR, and parameters that say where its models are.

    As it is imported it reads, twice, a list of all models that could be downloaded: 0.8 of 1.2 s of CPU. Where its
    models are where they are looked for, nothing of that list is needed, and it is given an empty one.
    """
    found = find_spec("rapidocr")
    folder = Path(found.origin).parent / "models" if found and found.origin else Path()
    models = {f"{part}.model_path": [*map(str, folder.glob(f"*_{part.lower()}_*.onnx"))] for part in ("Det", "Rec")}
    with _without_list() if all(len(paths) == 1 for paths in models.values()) else nullcontext():
        from rapidocr import RapidOCR
    return RapidOCR, {name: paths[0] for name, paths in models.items() if len(paths) == 1}


@contextmanager
def _without_list() -> Iterator[None]:
    from omegaconf import OmegaConf

    configs: Any = OmegaConf
    load = configs.load

    def load_needed(file: Any) -> Any:
        return configs.create() if Path(file).name == "default_models.yaml" else load(file)

    configs.load = staticmethod(load_needed)
    try:
        yield
    finally:
        configs.load = staticmethod(load)
