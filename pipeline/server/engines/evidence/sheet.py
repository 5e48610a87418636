"""A contact sheet: one picture for each shot, and the tracks below on one line of time, as a PNG file."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.decode import Effort, shown, upright
from pipeline.server.engines.evidence.timeline import LineKind, Passage, Shot, Timeline
from pipeline.server.engines.light import as_shown
from pipeline.server.engines.times import clock
from pipeline.server.inspect import MediaRejected

if TYPE_CHECKING:
    from PIL.Image import Image as Drawn
    from PIL.ImageDraw import ImageDraw

_WIDTH, _MARGIN, _COLUMNS, _LABEL = 1600, 20, 6, 150
_LANE, _TEXT = 26, 15
# No more pictures than this; of more shots every second, every third, ... is shown.
_MOST_PICTURES = 60
_GROUND, _INK, _FAINT = (24, 26, 30), (235, 235, 235), (120, 125, 132)
# Darker colours than this are written on in white.
_DARK = 240
_COLOURS = {
    "cut": (90, 140, 220),
    "start": (90, 140, 220),
    "dissolve": (150, 110, 210),
    "fade": (70, 80, 140),
    "title": (230, 190, 70),
    "mark": (150, 130, 80),
    "ticker": (190, 150, 90),
    "timecode": (130, 120, 100),
    "understood": (110, 200, 120),
    "not understood": (80, 100, 85),
    "speech": (110, 200, 120),
    "music": (210, 110, 170),
    "other": (140, 150, 160),
    "sound": (140, 150, 160),
    "silence": (45, 48, 54),
    "event": (240, 90, 70),
    "faces": (220, 160, 130),
}

# What a lane shows: (entry, name of its colour, what is written into it)
Bar = tuple[Passage, str, str]


def draw(path: Path, timeline: Timeline) -> bytes:
    """The sheet as a PNG file.

    Raises:
        EngineError: the pictures cannot be read again.
    """
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(_TEXT)
    chosen = _chosen(timeline.shots or ())
    width, height = _thumb_size(timeline)
    rows = -(-len(chosen) // _COLUMNS)
    lanes = [(name, bars) for name, bars in _lanes(timeline) if bars is not None]
    tall = 2 * _MARGIN + rows * (height + 2 * _TEXT) + (len(lanes) + 2) * (_LANE + 8)
    image = Image.new("RGB", (_WIDTH, tall), _GROUND)
    brush = ImageDraw.Draw(image)
    for place, (shot, picture) in enumerate(zip(chosen, _pictures(path, chosen, (width, height)), strict=False)):
        left = _MARGIN + place % _COLUMNS * (width + _MARGIN // 2)
        top = _MARGIN + place // _COLUMNS * (height + 2 * _TEXT)
        image.paste(picture, (left, top))
        brush.text((left, top + height + 2), f"{clock(shot.start_s)} {shot.entered}", _INK, font)
    _draw_lanes(brush, font, timeline, lanes, _MARGIN + rows * (height + 2 * _TEXT) + _MARGIN // 2)
    image.save(sheet := BytesIO(), "PNG")
    return sheet.getvalue()


def _thumb_size(timeline: Timeline) -> tuple[int, int]:
    width = (_WIDTH - 2 * _MARGIN - (_COLUMNS - 1) * _MARGIN // 2) // _COLUMNS
    if not timeline.media.width or not timeline.media.height:
        return width, 0
    return width, max(1, min(2 * width, width * timeline.media.height // timeline.media.width))


def _chosen(shots: Sequence[Shot]) -> Sequence[Shot]:
    step = -(-len(shots) // _MOST_PICTURES) or 1
    return shots[::step]


def _pictures(path: Path, shots: Sequence[Shot], size: tuple[int, int]) -> Iterable["Drawn"]:
    """The most telling picture of each shot, upright."""
    from PIL import Image

    for shot in shots:
        try:
            _, frame = next(shown(path, shot.frame_s, shot.frame_s + 1, Effort.EVERY))
        except StopIteration:
            return
        except MediaRejected as exc:
            raise EngineError(exc.message) from exc
        points = as_shown(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), frame)
        yield Image.fromarray(upright(points, frame)).resize(size)


def _lanes(timeline: Timeline) -> Iterable[tuple[str, list[Bar] | None]]:
    yield "shots", _bars(timeline.shots, lambda shot: (shot.entered, shot.colours[0][0] if shot.colours else ""))
    if timeline.faces:
        yield "faces", _bars(timeline.faces, lambda faces: ("faces", str(faces.most)))
    texts = timeline.text
    for kind in get_args(LineKind):
        lines = None if texts is None else [line for line in texts if line.kind == kind]
        if lines or kind == "title":
            yield f"{kind}s", _bars(lines, lambda line: (line.kind, line.text))
    yield (
        "spoken words",
        _bars(timeline.speech, lambda said: ("understood" if said.understood else "not understood", said.text)),
    )
    yield "sounds", _bars(timeline.sounds, lambda sound: (sound.kind, sound.kind))
    yield "sudden sounds", _bars(timeline.events, lambda _: ("event", ""))


def _bars(entries: Sequence[Any] | None, tell: Any) -> list[Bar] | None:
    return None if entries is None else [(entry, *tell(entry)) for entry in entries]


def _draw_lanes(
    brush: "ImageDraw", font: Any, timeline: Timeline, lanes: Sequence[tuple[str, list[Bar]]], top: int
) -> None:
    scale = (_WIDTH - _MARGIN - _LABEL) / (timeline.end_s - timeline.start_s)

    def across(at_s: float) -> int:
        return round(_LABEL + (at_s - timeline.start_s) * scale)

    for name, bars in lanes:
        brush.text((_MARGIN, top + 4), name, _FAINT, font)
        for entry, colour, text in bars:
            left, right = across(entry.start_s), max(across(entry.start_s) + 2, across(entry.end_s) - 1)
            brush.rectangle((left, top, right, top + _LANE), _COLOURS[colour])
            ink = _INK if sum(_COLOURS[colour]) < _DARK else _GROUND
            brush.text((left + 3, top + 4), _fitting(text, right - left - 6, font), ink, font)
        top += _LANE + 8
    for earlier_s, at_s in pairwise([timeline.start_s - 1, *_ticks(timeline)]):
        if at_s > earlier_s:
            brush.line((across(at_s), top - 4, across(at_s), top + 4), _FAINT)
            brush.text((across(at_s) + 3, top), clock(at_s), _FAINT, font)


def _ticks(timeline: Timeline) -> list[float]:
    step = (timeline.end_s - timeline.start_s) / 10
    return [timeline.start_s + number * step for number in range(10)]


def _fitting(text: str, room: int, font: Any) -> str:
    """As much of a text as there is room for."""
    while text and font.getlength(text) > room:
        text = text[: min(len(text) - 1, int(len(text) * room / font.getlength(text)))]
    return text
