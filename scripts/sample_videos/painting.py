"""The pictures of a programme, one by one."""

import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .programme import Part, Programme, Title

Rgb = npt.NDArray[np.uint8]

# Packages that carry fonts, and which of theirs; the first is the one inside Pillow.
_FONTS = (
    ("", ""),
    ("font_roboto", "Roboto-Bold.ttf"),
    ("font_source_serif_pro", "SourceSerifPro-Regular.ttf"),
    ("font_caladea", "Caladea-Bold.ttf"),
    ("font_roboto", "Roboto-Regular.ttf"),
)
_TICKER_PX_S = 110
_GRAIN = 1.5


def frames(programme: Programme) -> Iterator[Rgb]:
    """Every picture of the programme, height x width x RGB."""
    grain = _grain(programme)
    place = 0
    for number in range(round(programme.seconds * programme.fps)):
        at_s = number / programme.fps
        while place + 1 < len(programme.parts) and at_s >= programme.parts[place + 1].start_s - 1e-6:
            place += 1
        picture = _mixed(programme, place, at_s)
        picture += grain[number % len(grain)]
        if any(0 <= at_s - flash_s < 0.075 for flash_s in programme.flashes_s):
            picture[:] = 250
        shown = np.clip(picture, 0, 255).astype(np.uint8)
        _letter(programme, shown, at_s)
        yield shown


def _mixed(programme: Programme, place: int, at_s: float) -> npt.NDArray[np.float32]:
    """The shot at `place`, or a mixture of it with the one before or after where a transition is under way."""
    part = programme.parts[place]
    if part.entered_over_s and place and at_s < part.start_s + part.entered_over_s / 2:
        return _transition(programme, programme.parts[place - 1], part, at_s)
    after = programme.parts[place + 1] if place + 1 < len(programme.parts) else None
    if after and after.entered_over_s and at_s > after.start_s - after.entered_over_s / 2:
        return _transition(programme, part, after, at_s)
    return _ground(programme, part, at_s)


def _transition(programme: Programme, one: Part, other: Part, at_s: float) -> npt.NDArray[np.float32]:
    share = (at_s - other.start_s) / other.entered_over_s + 0.5
    if other.entered == "dissolve":
        return _ground(programme, one, at_s) * (1 - share) + _ground(programme, other, at_s) * np.float32(share)
    shown = one if share < 0.5 else other
    return _ground(programme, shown, at_s) * np.float32(abs(2 * share - 1))


def _ground(programme: Programme, part: Part, at_s: float) -> npt.NDArray[np.float32]:
    """What the shot shows without letters."""
    width, height = programme.width, programme.height
    canvas = _canvas(part, width, height)
    way = round((at_s - part.start_s + 2) * part.speed * width / 12)
    if part.ground in ("texture", "stripes"):
        room = canvas.shape[1] - width
        way %= 2 * room
        left = min(way, 2 * room - way)  # there and back again: a jump would be a cut
        return canvas[:, left : left + width].astype(np.float32)
    picture = canvas.astype(np.float32)
    count = 12 if part.ground == "crowd" else 1
    for index, (x, y, radius) in enumerate(_discs(part, count, width, height, at_s)):
        top, left = max(0, y - radius), max(0, x - radius)
        box = picture[top : y + radius, left : x + radius]
        rows, columns = np.ogrid[top : top + box.shape[0], left : left + box.shape[1]]
        box[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = np.roll(part.colours[1], index)
    return picture


def _discs(part: Part, count: int, width: int, height: int, at_s: float) -> Iterator[tuple[int, int, int]]:
    chance = np.random.default_rng(part.seed)
    for _ in range(count):
        x, y, turn, pace = (
            chance.uniform(0.2, 0.8),
            chance.uniform(0.2, 0.8),
            chance.uniform(0, 6),
            chance.uniform(0.4, 1),
        )
        radius = int(height * chance.uniform(0.05, 0.12 if count > 1 else 0.25))
        reach = 0.15 * part.speed / 2.5
        angle = turn + pace * part.speed * (at_s - part.start_s)
        yield int((x + reach * np.cos(angle)) * width), int((y + reach * np.sin(angle)) * height), radius


@lru_cache(maxsize=3)
def _canvas(part: Part, width: int, height: int) -> Rgb:
    """The still part of a shot; wider than the picture where it is panned over."""
    chance = np.random.default_rng(part.seed)
    one, other = np.array(part.colours, np.float32)
    if part.ground in ("plain", "crowd"):
        return np.broadcast_to(one.astype(np.uint8), (height, width, 3)).copy()
    if part.ground == "gradient":
        share = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
        return np.broadcast_to(one + (other - one) * share, (height, width, 3)).astype(np.uint8)
    if part.ground == "stripes":
        stripe = (np.arange(width * 2) // (width // 10) % 2)[None, :, None]
        return np.broadcast_to(np.where(stripe, one, other), (height, width * 2, 3)).astype(np.uint8)
    coarse = one + (chance.uniform(-1, 1, (7, 18, 3)) * 70 + (other - one) * chance.uniform(0, 1, (7, 18, 1)))
    fine = chance.uniform(-22, 22, (height // 12, width // 8, 1))
    wide = _stretched(coarse, height, width * 3 // 2) + _stretched(fine, height, width * 3 // 2)
    return np.asarray(np.clip(wide, 0, 255), np.uint8)


def _stretched(values: npt.NDArray[np.floating], height: int, width: int) -> npt.NDArray[np.float32]:
    """Linear interpolation, one axis after the other."""
    for axis, size in ((0, height), (1, width)):
        places = np.linspace(0, values.shape[axis] - 1.001, size)
        low = places.astype(np.intp)
        share = (places - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = np.take(values, low, axis) * (1 - share) + np.take(values, low + 1, axis) * share
    return values.astype(np.float32)


def _grain(programme: Programme) -> npt.NDArray[np.float32]:
    """The noise of a camera: a few pictures of it, over and over."""
    chance = np.random.default_rng(programme.seed)
    return chance.normal(0, _GRAIN, (5, programme.height, programme.width, 1)).astype(np.float32)


def _letter(programme: Programme, picture: Rgb, at_s: float) -> None:
    """Everything that is written over the picture."""
    height, width = programme.height, programme.width
    for title in programme.titles:
        if title.start_s <= at_s + 1e-6 < title.end_s:
            x, y = (round(share * side) for share, side in zip(title.place, (width, height), strict=True))
            _paste(picture, _written(title.text, title.size_px, title.font, title.ink, title.boxed), x, y, centred=True)
    if programme.mark:
        _paste(
            picture,
            _written(programme.mark, height // 26, 1, (255, 255, 255), True),
            width * 7 // 8,
            height // 14,
            centred=True,
        )
    if programme.timecode:
        clock = f"{int(at_s) // 3600:02}:{int(at_s) // 60 % 60:02}:{int(at_s) % 60:02}"
        _paste(
            picture, _written(clock, height // 28, 4, (255, 255, 255), True), width // 10, height // 14, centred=True
        )
    if programme.ticker:
        band = _written(programme.ticker, height // 24, 4, (255, 255, 255), True)
        x = width - round(at_s * _TICKER_PX_S * height / 720) % (width + band.shape[1])
        _paste(picture, band, x, height - band.shape[0] - 8)


def _paste(picture: Rgb, letters: Rgb, x: int, y: int, *, centred: bool = False) -> None:
    """Lay letters (RGB and how much they cover) over the picture, as far as they are inside."""
    if centred:
        x, y = x - letters.shape[1] // 2, y - letters.shape[0] // 2
    cut = max(0, -x)
    box = picture[max(0, y) : y + letters.shape[0], max(0, x) : x + letters.shape[1]]
    part = letters[max(0, -y) :, cut:][: box.shape[0], : box.shape[1]]
    cover = part[..., 3:].astype(np.float32) / 255
    box[:] = (box * (1 - cover) + part[..., :3] * cover).astype(np.uint8)


@lru_cache(maxsize=64)
def _written(text: str, size: int, font: int, ink: tuple[int, int, int], boxed: bool) -> Rgb:
    from PIL import Image, ImageDraw

    face = _face(font, size)
    left, top, right, bottom = face.getbbox(text, stroke_width=2)
    dark = sum(ink) < 200
    ground = (240, 240, 240, 210) if dark else (0, 0, 0, 170)
    image = Image.new("RGBA", (round(right - left) + 24, round(bottom - top) + 16), ground if boxed else (0, 0, 0, 0))
    edge = (255, 255, 255) if dark else (0, 0, 0)
    ImageDraw.Draw(image).text((12 - left, 8 - top), text, ink, face, stroke_width=0 if boxed else 2, stroke_fill=edge)
    return np.asarray(image)


@lru_cache(maxsize=64)
def _face(font: int, size: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Pillow is there for programmes alone
    from PIL import ImageFont

    package, name = _FONTS[font % len(_FONTS)]
    found = importlib.util.find_spec(package) if package else None
    if found is None or found.origin is None:
        return ImageFont.load_default(size)
    path = next(Path(found.origin).parent.rglob(name))
    return ImageFont.truetype(str(path), size)


def letter_height(title: Title) -> int:
    """How tall the capitals of a title are, in pixels."""
    box = _face(title.font, title.size_px).getbbox("H")
    return int(box[3]) - int(box[1])
