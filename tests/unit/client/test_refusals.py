"""What answers other than success mean."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from pipeline.client.refusals import Left, Meaning, asked_wait_s, left, read_problem, refusal, snippet, wait_s
from pipeline.errors import (
    AssetGone,
    AuthenticationFailed,
    GatewayUnavailable,
    QuotaExhausted,
    RateLimited,
    ServerUnavailable,
    SourceRejected,
    TaskFailed,
)

MEANING = Meaning("trying", TaskFailed, AssetGone)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp())


def headers(**values: str) -> CIMultiDictProxy:
    named = {name.replace("_", "-"): value for name, value in values.items()}
    return CIMultiDictProxy(CIMultiDict({"Date": format_datetime(NOON, usegmt=True), **named}))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "parameter_invalid", TaskFailed),
        (400, None, TaskFailed),
        (401, None, AuthenticationFailed),
        (403, "region_not_allowed", AuthenticationFailed),
        (403, None, TaskFailed),
        (400, "usage_limit_exceeded", QuotaExhausted),
        (404, None, AssetGone),
        (400, "resource_not_exist", AssetGone),
        (408, None, ServerUnavailable),
        (409, "odd", TaskFailed),
        (429, None, RateLimited),
        (429, "too_many_requests", RateLimited),
        (400, "request_canceled_or_timed_out", ServerUnavailable),
        (400, "video_not_ready", ServerUnavailable),
        (400, "video_resolution_too_low", SourceRejected),
        (500, "video_file_broken", ServerUnavailable),
        (502, None, GatewayUnavailable),
        (503, None, GatewayUnavailable),
    ],
)
def test_each_refusal_has_one_meaning(status, code, kind):
    """Status and code decide the class of the error, the platform's code stays with it."""
    body = orjson.dumps({"code": code, "message": "Why."}) if code else b""
    error = refusal(status, headers(), body, MEANING)
    assert type(error) is kind
    assert error.code == (code or kind.code)


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"code":"a","message":"b","docs_url":"c"}', ("a", "b")),
        (b'{"error":{"code":"a","message":"b","details":{}}}', ("a", "b")),
        (b'{"error":"b"}', (None, "b")),
        (b'{"code":17}', ("17", None)),
        (b"", (None, None)),
        (b"<html>down</html>", (None, None)),
        (b"[]", (None, None)),
    ],
)
def test_either_shape_is_read(body, read):
    """Flat, nested, empty and foreign error bodies are all read without a complaint."""
    assert read_problem(body) == read


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "86400"}, 86_400),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "-3"}, 0),
        ({"retry_after_ms": "250", "Retry_After": "7"}, 0.25),
        ({"Retry_After": format_datetime(NOON + timedelta(hours=3), usegmt=True)}, 3 * 3600),
        ({"Retry_After": format_datetime(NOON - timedelta(hours=3), usegmt=True)}, 0),
        ({"Retry_After": "soon"}, None),
        ({"Retry_After": "inf"}, None),
        ({}, None),
    ],
)
def test_any_length_of_wait_is_understood(given, expected):
    """Seconds, milliseconds and dates of any length are read by the platform's own clock."""
    assert asked_wait_s(headers(**given)) == expected


@pytest.mark.parametrize("reset", ["X_Ratelimit_Reset", "X_RateLimit_Request_Reset", "x_ratelimit_reset"])
def test_the_window_says_when_where_nothing_else_does(reset):
    """Without a Retry-After the rate headers tell how long to wait, in either spelling; with one, it wins."""
    assert wait_s(headers(**{reset: str(EPOCH + 42)})) == 42
    assert wait_s(headers(**{reset: str(EPOCH - 42)})) == 0
    assert wait_s(headers(**{reset: str(EPOCH + 42)}, Retry_After="5")) == 5
    assert wait_s(headers()) is None


@pytest.mark.parametrize("family", ["X_Ratelimit", "X_RateLimit_Request"])
def test_a_last_request_is_recognised(family):
    """A success that says that nothing remains tells for how long; one with something left does not."""
    reset = {f"{family}_Reset": str(EPOCH + 42)}
    assert list(left(headers(**reset, **{f"{family}_Remaining": "3"}))) == [Left("requests", 3, 42)]
    assert list(left(headers(**reset))) == []
    assert list(left(headers())) == []


@pytest.mark.parametrize(("ahead_s", "expected"), [(42, 42), (-42, 0), (10 * 86_400, 86_400)])
@pytest.mark.parametrize("unit", [1, 1000])
def test_a_reset_is_read_in_either_unit_and_is_at_most_a_day_away(ahead_s, expected, unit):
    """Epoch seconds and milliseconds mean the same moment, and no reset header makes a wait of more than a day."""
    assert wait_s(headers(X_Ratelimit_Reset=str((EPOCH + ahead_s) * unit))) == expected


def test_an_impossible_date_is_no_wait():
    """A Retry-After with a year beyond every calendar is not understood, and does no harm."""
    assert asked_wait_s(headers(Retry_After=f"Wed, 01 Jul {10**20} 12:00:00 GMT")) is None


@pytest.mark.parametrize("nest", [lambda text: {"message": text}, lambda text: {"error": text}])
def test_a_reason_is_bounded_and_keeps_no_secret(nest):
    """What the platform gives as its reason is shown without the query of a URL, and never at any length."""
    body = orjson.dumps(nest("cannot read https://store/x?signature=secret now " + "y" * 5000))
    _, message = read_problem(body)
    assert message.startswith("cannot read https://store/x?\u2026 now yyy")
    assert len(message) == 500


def test_half_an_emoji_hides_no_code():
    """The code of a refusal is read although its message was cut inside an emoji."""
    assert read_problem(b'{"code": "usage_limit_exceeded", "message": "a\\ud83d"}') == ("usage_limit_exceeded", "a?")


def test_a_snippet_keeps_no_secret():
    """The beginning of an answer is shown without what a URL carries behind its question mark."""
    body = b'{"url": "https://store/x?signature=secret&token=secret", "b": "' + b"y" * 500
    assert snippet(body).startswith('{"url": "https://store/x?\u2026", "b": "yyy')
    assert len(snippet(body)) == 200
