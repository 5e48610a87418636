"""What is a cut and what only looks like one, on thumbnails as they come out of decoding."""

from collections.abc import Iterable, Sequence
from itertools import chain, pairwise, repeat

import numpy as np
import pytest

from pipeline.server.engines.decode import Picture
from pipeline.server.engines.looks import look_at
from pipeline.server.engines.shots import mark_cuts

Raster = np.ndarray
GREY = (0.299, 0.587, 0.114)


def view(seed: int, width: int = 128) -> Raster:
    """Something to see: blotches of any colour, and finer ones on them."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(20, 200, (9, width // 8, 3)).repeat(8, 0).repeat(8, 1)
    return coarse + random.uniform(-25, 25, (36, width // 2, 1)).repeat(2, 0).repeat(2, 1)


def cuts(pictures: Iterable[Raster], fps: float = 25, *, times_s: Sequence[float] | None = None) -> list[float]:
    """When the shots after the first begin; every picture has the noise of a camera."""
    random = np.random.default_rng(0)
    shown = (
        Picture(
            times_s[number] if times_s else number / fps,
            np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8),
        )
        for number, picture in enumerate(pictures)
    )
    return [round(look.at_s, 3) for look, sureness in mark_cuts(look_at(shown)) if sureness > 0]


def pan(wide: Raster, count: int, step: float, start: float = 0) -> list[Raster]:
    """The camera moves over a wide view, so many points from one picture to the next."""
    return [wide[:, round(start + step * number) :][:, :128] for number in range(count)]


def lit(picture: Raster, light: float) -> Raster:
    """The picture with so much of it drowned in light."""
    return picture * (1 - light) + np.array((255, 235, 190)) * light


ONE, OTHER = view(1), view(2)


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_cut_is_found_at_any_rate(fps: int) -> None:
    """From ten pictures a second to sixty, a cut is at the first picture of what comes after."""
    assert cuts([*repeat(ONE, 10), *repeat(OTHER, 10)], fps) == [round(10 / fps, 3)]


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture * GREY @ np.ones((3, 3)),
        lambda picture: 100 + picture * 0.15,
        lambda picture: picture * 0.12,
        lambda picture: np.pad(picture[12:60], ((12, 12), (0, 0), (0, 0))),
        lambda picture: np.pad(picture[:, 44:84], ((0, 0), (44, 44), (0, 0))),
    ],
    ids=["black and white", "little contrast", "dark", "letterbox", "upright between bars"],
)
def test_a_cut_is_found_in_any_picture(change) -> None:
    """Little contrast, little light, no colour or broad bars hide no cut."""
    assert cuts(map(change, [*repeat(ONE, 15), *repeat(OTHER, 15)])) == [0.6]


def test_shots_in_quick_succession() -> None:
    """Shots of a fifth of a second are all found."""
    assert cuts(chain.from_iterable(repeat(view(seed), 5) for seed in range(6))) == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_cut_from_one_movement_to_another() -> None:
    """Where a camera moves fast before a cut and after it, the cut is the one step that is no movement."""
    assert cuts([*pan(view(1, 320), 20, 6), *pan(view(2, 320), 20, 6)]) == [0.8]


def test_a_cut_between_pictures_far_apart() -> None:
    """Pictures that are shown for seconds, at uneven intervals, are compared all the same."""
    assert cuts([*repeat(ONE, 3), *repeat(OTHER, 3)], times_s=[0, 2, 2.04, 5, 5.04, 7]) == [5.0]


def test_a_picture_in_which_both_views_are_mixed() -> None:
    """Converting the frame rate leaves a mixture between two shots: that is one cut."""
    (at_s,) = cuts([*repeat(ONE, 15), (ONE + OTHER) / 2, *repeat(OTHER, 15)])
    assert at_s in (0.6, 0.64)


@pytest.mark.parametrize("between", [np.full_like(ONE, 250), np.zeros_like(ONE)], ids=["white", "black"])
def test_a_flash_at_a_cut(between: Raster) -> None:
    """A picture of white or of black between two shots is none of its own."""
    (at_s,) = cuts([*repeat(ONE, 15), between, *repeat(OTHER, 15)])
    assert at_s in (0.6, 0.64)


def test_cards_of_one_colour_with_the_same_logo() -> None:
    """What is written over two pictures does not make them the same."""
    cards = [np.full((72, 128, 3), colour, np.float64) for colour in ((30, 60, 160), (150, 60, 30))]
    for card in cards:
        card[4:10, 100:124:3] = 240
    assert cuts([*repeat(cards[0], 15), *repeat(cards[1], 15)]) == [0.6]


def test_the_same_shapes_in_other_colours() -> None:
    """A title card in red after the same in green is another shot."""
    green, red = (np.full((72, 128, 3), colour, np.float64) for colour in ((40, 150, 50), (200, 30, 30)))
    green[16:56, 40:88] = red[16:56, 40:88] = 240
    assert cuts([*repeat(green, 15), *repeat(red, 15)]) == [0.6]


@pytest.mark.parametrize("fps", [10, 25, 60])
def test_a_flash_is_no_cut(fps: int) -> None:
    """A camera's flash, of up to a fifth of a second, leaves the shot one."""
    for length in (1, fps // 5):
        assert cuts([*repeat(ONE, fps // 2), *repeat(lit(ONE, 0.9), length), *repeat(ONE, fps // 2)], fps) == []


def test_an_explosion_is_no_cut() -> None:
    """Light that comes at once and fades away for most of a second leaves the shot one."""
    glow = [lit(ONE, 0.95 * (1 - number / 18)) for number in range(18)]
    assert cuts([*repeat(ONE, 15), *glow, *repeat(ONE, 15)]) == []


@pytest.mark.parametrize("length", [1, 2, 4, 12])
def test_light_that_changes_is_no_cut(length: int) -> None:
    """A stroboscope, or a lamp that is switched on and off, shows the same view."""
    assert cuts(chain.from_iterable(repeat(ONE * light, length) for light in (1, 0.2) * (24 // length))) == []


@pytest.mark.parametrize(("count", "fps"), [(5, 25), (8, 25), (10, 50)])
def test_a_whip_pan_is_no_cut(count: int, fps: int) -> None:
    """A camera that is swung round to another view takes several pictures, blurred as they are."""
    wide, way = view(3, 512), (1 - np.cos(np.linspace(0, np.pi, count + 1))) / 2 * 384
    swung = [np.mean(pan(wide, 9, (end - start) / 8, start), axis=0) for start, end in pairwise(way)]
    assert cuts([*repeat(wide[:, :128], 20), *swung, *repeat(wide[:, 384:], 20)], fps) == []


@pytest.mark.parametrize(("times", "step", "fps"), [(1, 5, 25), (1, 8, 10), (2, 6, 50), (3, 8, 25)])
def test_a_pan_is_no_cut(times: int, step: float, fps: int) -> None:
    """A camera that moves is no cut, nor is one whose every picture is shown twice or three times."""
    moving = pan(view(4, 448), 30, step)
    assert cuts([*repeat(moving[0], 15), *chain.from_iterable(repeat(each, times) for each in moving)], fps) == []


def test_a_jolt_is_no_cut() -> None:
    """A camera that is pushed shows the same view from a little aside."""
    wide = view(5, 192)
    assert cuts([*repeat(wide[:, :128], 15), *repeat(wide[:, 22:150], 15)]) == []


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(slice(36, 68), slice(66, 124)), (slice(46, 68), slice(0, 128)), (slice(14, 54), slice(14, 114, 2))],
    ids=["a picture in the picture", "a lower third", "a title over half of the width"],
)
def test_what_is_laid_over_a_picture_is_no_cut(rows: slice, columns: slice) -> None:
    """Titles and pictures in the picture come and go without a new shot."""
    laid = ONE.copy()
    laid[rows, columns] = OTHER[rows, columns]
    assert cuts([*repeat(ONE, 15), *repeat(laid, 15), *repeat(ONE, 15)]) == []


def test_somebody_who_passes_by_is_no_cut() -> None:
    """Something large that crosses the picture within a few pictures leaves the shot one."""
    passing = [ONE.copy() for _ in range(40)]
    for number, picture in enumerate(passing):
        picture[:, max(0, 22 * (number - 15) - 50) : max(0, 22 * (number - 15))] = 35
    assert cuts(passing) == []
