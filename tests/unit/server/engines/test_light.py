"""Colours keep their names whatever light their codes stand for: frames of one colour, made code by code."""

from collections.abc import Callable

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from pipeline.server.engines.colours import NAMES, count_colours
from pipeline.server.engines.decode import Thumb, thumb
from pipeline.server.engines.light import as_shown

# From the primaries of BT.709 to those of BT.2020, both in light: ITU-R BT.2087, 2.2.
TO_BT2020 = np.array(((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)))
# Weights of red and blue in luma, by the number of the colour space in ITU-T H.273.
LUMA = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}
WHITE_NITS = 203  # ITU-R BT.2408
Rgb = tuple[float, float, float]
Transfer = Callable[[np.ndarray], np.ndarray]


def pq(light: np.ndarray) -> np.ndarray:
    """Codes of light, 1 being white, in PQ (ITU-R BT.2100, table 4)."""
    root = (light * WHITE_NITS / 10_000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * root) / (1 + 2392 / 128 * root)) ** (2523 / 32)


def hlg(light: np.ndarray) -> np.ndarray:
    """Codes of light in HLG (table 5) on a screen of 1000 nits, whose gamma of 1.2 is for luminance."""
    nits = light * WHITE_NITS / 1000
    scene = nits * max(1e-9, float(nits @ (0.2627, 0.678, 0.0593))) ** (1 / 1.2 - 1)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def gamma(light: np.ndarray) -> np.ndarray:
    return np.minimum(light, 1) ** (1 / 2.4)


# codes, transfer, primaries and colour space in ITU-T H.273, and the format
KINDS = {
    "PQ": (pq, 16, 9, 9, "yuv420p10le"),
    "HLG": (hlg, 18, 9, 9, "yuv420p10le"),
    "BT.2020": (gamma, 14, 9, 9, "yuv420p10le"),
    "BT.709": (gamma, 1, 1, 1, "yuv420p"),
    "BT.601": (gamma, 6, 6, 5, "yuv420p"),
}
COLOURS: dict[str, Rgb] = {
    "white": (1, 1, 1),
    "grey": (0.2, 0.2, 0.2),
    "black": (0.004, 0.004, 0.004),
    "red": (0.6, 0.01, 0.01),
    "green": (0.02, 0.4, 0.02),
    "blue": (0.01, 0.03, 0.6),
    "yellow": (0.8, 0.7, 0.02),
    "brown": (0.16, 0.06, 0.02),
}


def shown(kind: str, light: Rgb, *, full: bool = False) -> Thumb:
    """The thumbnail of a frame of one colour: light in BT.709, where 1 is the white of a page."""
    transfer, trc, primaries, space, pixels = KINDS[kind]
    linear = np.array(light) if primaries != 9 else TO_BT2020 @ light
    red, green, blue = transfer(linear)
    of_red, of_blue = LUMA[space]
    luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
    chroma = ((blue - luma) / (2 - 2 * of_blue), (red - luma) / (2 - 2 * of_red))
    levels = (255 * luma, *(128 + 255 * each for each in chroma))
    if not full:
        levels = (16 + 219 * luma, *(128 + 224 * each for each in chroma))
    deep = pixels.endswith("10le")
    frame = av.VideoFrame(64, 48, pixels)
    for plane, level in zip(frame.planes, levels, strict=True):
        code = np.array(level * (4 if deep else 1), np.uint16 if deep else np.uint8)
        plane.update(np.full(plane.buffer_size // code.itemsize, code).tobytes())
    frame.color_trc, frame.color_primaries, frame.colorspace, frame.color_range = trc, primaries, space, 1 + full
    return thumb(VideoReformatter(), frame)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
def test_a_colour_has_its_name(kind: str, colour: str, full: bool) -> None:
    """In PQ, in HLG, with the colours of BT.2020 and with others, in either range of codes."""
    counts = count_colours(shown(kind, COLOURS[colour], full=full))
    assert NAMES[int(counts.argmax())] == colour


@pytest.mark.parametrize("kind", ["PQ", "HLG"])
def test_light_is_as_bright_as_on_an_ordinary_screen(kind: str) -> None:
    """Up to four fifths of white it is the same; what is brighter than white is brighter still, and no more than 1."""
    for light in (0.02, 0.2, 0.75):
        assert shown(kind, (light,) * 3).mean() / 255 == pytest.approx(
            light ** (1 / 2.4), abs=0.04
        )  # swscale rounds codes down by up to two
    white, double, sun = (shown(kind, (light,) * 3).mean() for light in (1, 2, 4.9))
    assert 0.94 * 255 < white < double <= sun <= 255


def test_ordinary_pictures_are_left_alone() -> None:
    """They are not even copied."""
    points = np.zeros((4, 4, 3), np.uint8)
    assert as_shown(points, av.VideoFrame(64, 48, "yuv420p")) is points


def test_the_order_of_colours_does_not_matter() -> None:
    """Blue first gives the same picture, blue first."""
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    frame.color_trc, frame.color_primaries = 16, 9
    points = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    other = as_shown(np.ascontiguousarray(points[..., ::-1]), frame, blue_first=True)
    assert np.abs(other[..., ::-1].astype(int) - as_shown(points, frame)).max() <= 1
