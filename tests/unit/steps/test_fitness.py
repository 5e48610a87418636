"""What the platform would refuse, by the header alone."""

from typing import Any

import pytest

from pipeline.config import MediaSettings, SyncSettings
from pipeline.models import Delivery, Header, Recipe
from pipeline.steps.fitness import unfit

GOOD = Header(0, 61.5, 1920, 1080)
RECIPE = Recipe("local", "pegasus1.5", "what?")


def code(header: Header, delivery: Delivery = "task", **window: Any) -> str | None:
    recipe = Recipe("local", "pegasus1.5", "what?", **window)
    error = unfit("v.mp4", recipe, header, delivery, MediaSettings(), SyncSettings())
    return None if error is None else error.code


def size(width: int, height: int) -> Header:
    return Header(0, 61.5, width, height)


def length(seconds: float, start_s: float = 0) -> Header:
    return Header(start_s, seconds, 1920, 1080)


@pytest.mark.parametrize(
    "header",
    [
        GOOD,
        size(360, 360),
        size(360, 864),
        size(864, 360),
        size(5184, 2160),
        size(2160, 5184),
        length(1),
        length(7200),
        Header(0, 61.5),  # what a header does not tell is not held against it
        Header(0, None, 1920, 1080),
        Header(),
    ],
)
def test_what_the_platform_takes_passes(header: Header) -> None:
    """Every limit is within itself, and either side may be the longer."""
    assert code(header) is None


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (size(359, 640), "video_resolution_too_low"),
        (size(640, 359), "video_resolution_too_low"),
        (size(5185, 2160), "video_resolution_too_high"),
        (size(3840, 2161), "video_resolution_too_high"),
        (size(865, 360), "video_resolution_invalid_aspect_ratio"),
        (size(360, 865), "video_resolution_invalid_aspect_ratio"),
        (length(0.99), "video_duration_too_short"),
        (length(4 * 3600 + 1), "video_duration_too_long"),
        (length(7201), "video_duration_too_long"),
        (Header(flaw="unreadable"), "video_unreadable"),
        (Header(0, 61.5, flaw="no_video"), "video_stream_missing"),
        (Header(flaw="timeout"), "video_probe_timeout"),
    ],
)
def test_what_it_refuses_is_told_with_its_code(header: Header, expected: str) -> None:
    """Beyond each limit, by a little."""
    assert code(header) == expected


@pytest.mark.parametrize(
    ("header", "delivery", "window", "expected"),
    [
        (length(3 * 3600), "task", {"end_time_s": 7200.0}, None),
        (length(3 * 3600), "batch", {"start_time_s": 3600.0}, None),
        (length(3 * 3600), "task", {"start_time_s": 3599.0}, "video_duration_too_long"),
        (length(3 * 3600), "sync", {"end_time_s": 60.0}, "video_duration_too_long"),
        (length(3600), "sync", {}, None),
        (length(61.5), "task", {"start_time_s": 61.0}, "video_duration_too_short"),
        (length(61.5), "task", {"start_time_s": 62.0}, "window_beyond_end"),
        (length(61.5), "task", {"end_time_s": 62.0}, "window_beyond_end"),
        (length(61.5, start_s=10), "task", {"start_time_s": 62.0, "end_time_s": 70.0}, None),
    ],
)
def test_the_window_and_the_way_of_asking_count(
    header: Header, delivery: Delivery, window: dict[str, float], expected: str | None
) -> None:
    """Part of a video that is too long as a whole may be asked about, but not in one request."""
    assert code(header, delivery, **window) == expected


def test_limits_are_settings_and_the_message_names_video_and_limit() -> None:
    """The platform's numbers change."""
    media = MediaSettings(min_side=1081, longest_s=60)
    low = unfit("v.mp4", RECIPE, GOOD, "task", media, SyncSettings())
    assert low is not None
    assert low.message == "v.mp4: the pictures have 1920x1080 pixels, the platform takes 1081x1081 and more"
    long = unfit("v.mp4", RECIPE, Header(0, 61), "task", media, SyncSettings())
    assert long is not None
    assert long.message == "v.mp4: the video has 61.00 s, the platform takes up to 60 s; split it"
