"""The account's limits in their six dimensions."""

import pytest

from pipeline.config import ServerSettings
from pipeline.server.limits import Exceeded, Limits, classify

TASKS = "/v1.3/analyze/tasks"


class Clock:
    """A time that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refusals(limits: Limits, count: int) -> list[bool]:
    verdicts = [limits.take("POST", TASKS)[1] for _ in range(count)]
    return [verdict is not None and not verdict.allowed for verdict in verdicts]


def test_only_the_marked_endpoints_are_limited():
    """Creating assets and tasks has budgets of its own, reads another, everything else none."""
    assert classify("POST", "/v1.3/analyze/tasks") == "analyze"
    assert classify("POST", "/v1.3/analyze/batches") == "analyze"
    assert classify("POST", "/v1.3/analyze/batches/1/cancel") is None
    assert classify("POST", "/v1.3/assets") == "upload"
    assert classify("GET", "/v1.3/assets/1") == "read"
    assert classify("POST", "/v1.3/assets/multipart-uploads") is None
    assert classify("DELETE", "/v1.3/assets/1") is None


def test_a_day_counts_beside_the_minute(clock):
    """Requests pass while both windows have room; the first that has none refuses, and that is booked by its name."""
    settings = ServerSettings(analyze_per_minute=2, analyze_per_day=3, rate_window="rolling")
    booked: list[str] = []
    limits = Limits(settings, clock, booked.append)
    assert refusals(limits, 3) == [False, False, True]
    clock.now = 60
    assert refusals(limits, 2) == [False, True]
    assert booked == ["analyze: 2 requests in 60 s", "analyze: 3 requests in 86400 s"]
    assert limits.take("POST", "/v1.3/assets") == ("upload", None)


@pytest.mark.parametrize("window", ["fixed", "rolling"])
def test_what_is_more_than_a_limit_goes_in_alone(clock, window):
    """A video that is longer than the account's hour is taken where nothing else is counted, and only then."""
    limits = Limits(ServerSettings(video_minutes_per_hour=100, rate_window=window), clock)
    limits.take_video(119)
    with pytest.raises(Exceeded):
        limits.take_video(1)
    clock.now = 3600
    limits.take_video(119)


@pytest.mark.parametrize("window", ["fixed", "rolling"])
def test_minutes_of_video_are_counted(clock, window):
    """An analysis that looks at more video than the hour has left is refused with the time until it may."""
    limits = Limits(ServerSettings(video_minutes_per_hour=100, rate_window=window), clock)
    limits.take_video(60)
    clock.now = 600
    with pytest.raises(Exceeded) as refused:
        limits.take_video(50)
    assert refused.value.verdict.room.reset_s == 3000
    limits.take_video(40)
    clock.now = 3600
    limits.take_video(50)


def test_an_answer_may_pass_the_tokens_and_then_the_next_waits(clock):
    """Nobody knows the length of an answer before it is there: what is refused is the request after it."""
    limits = Limits(ServerSettings(output_tokens_per_minute=1000), clock)
    limits.take_video(1)
    limits.count_tokens(1500)
    clock.now = 20
    with pytest.raises(Exceeded) as refused:
        limits.take_video(1)
    assert refused.value.verdict.room.reset_s == 40
    clock.now = 60
    limits.take_video(1)


@pytest.mark.parametrize(("multiplied", "fits"), [(False, True), (True, False)])
def test_whether_definitions_multiply_is_a_setting(clock, multiplied, fits):
    """The platform says it of its prices only, so a server can be told either."""
    limits = Limits(ServerSettings(video_minutes_per_day=10, rate_definitions=multiplied), clock)
    limits.take_video(1)
    if fits:
        limits.take_video(4, definitions=3)
    else:
        with pytest.raises(Exceeded):
            limits.take_video(4, definitions=3)


@pytest.mark.parametrize("counted", [False, True])
def test_whether_batches_are_counted_is_a_setting(clock, counted):
    """A batch may hold more than a day allows, so it is not known whether its videos are counted."""
    limits = Limits(ServerSettings(video_minutes_per_day=10, rate_batches=counted), clock)
    limits.take_video(1)
    if counted:
        with pytest.raises(Exceeded):
            limits.take_batch([(6, 1), (6, 1)])
    else:
        limits.take_batch([(6, 1), (6, 1)])


def test_a_tier_fills_in_what_is_not_set():
    """The numbers of a plan hold where none are given, and a number given, or none at all, wins."""
    settings = ServerSettings(tier="tier2", analyze_per_day=5, video_minutes_per_hour=None)
    assert settings.rate("analyze_per_minute") == 120
    assert settings.rate("analyze_per_day") == 5
    assert settings.rate("video_minutes_per_hour") is None
    assert settings.rate("output_tokens_per_day") == 1_000_000
    assert ServerSettings().rate("analyze_per_minute") is None


def test_headers_tell_of_the_dimension_with_the_least_room(clock):
    """The headers are those of the window that will refuse first."""
    limits = Limits(ServerSettings(analyze_per_minute=10, analyze_per_day=4), clock)
    verdict = limits.take("POST", TASKS)[1]
    assert verdict is not None
    headers = limits.headers(verdict)
    assert (headers["X-Ratelimit-Limit"], headers["X-Ratelimit-Remaining"], headers["X-Ratelimit-Used"]) == (
        "4",
        "3",
        "1",
    )
