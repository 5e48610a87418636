"""Believing an event by its signature."""

import hashlib
import hmac

import pytest

from pipeline.client.signatures import WINDOW_S, why_not
from pipeline.server.webhooks import sign

SECRET = "whsec_0123456789"
NOW = 1_800_000_000
BODY = b'{"id": "whe_1"}'


def header(secret: str = SECRET, at: int = NOW, body: bytes = BODY) -> str:
    return f"t={at},v1={sign(secret, at, body)}"


def test_the_platforms_word_is_believed():
    """What the platform signs is believed, and so is the documents' formula for it."""
    assert why_not(header(), BODY, SECRET, NOW) is None
    mac = hmac.new(SECRET.encode(), b"1800000000." + BODY, hashlib.sha256).hexdigest()
    assert why_not(f"t=1800000000,v1={mac}", BODY, SECRET, NOW) is None


@pytest.mark.parametrize(
    "given",
    [
        "v1={v1},t={t}",
        " t={t} , v1={v1} ",
        "t={t},v0=abc,v1={v1},x",
        "t={t},v1=00,v1={v1}",
    ],
)
def test_form_of_the_header(given):
    """Fields in another order, unknown ones, and the signature under a former secret beside it change nothing."""
    v1 = sign(SECRET, NOW, BODY)
    assert why_not(given.format(t=NOW, v1=v1), BODY, SECRET, NOW) is None


@pytest.mark.parametrize(
    ("given", "body"),
    [
        (header(), BODY + b" "),
        (header(secret="another"), BODY),
        (f"t={NOW + 1},v1={sign(SECRET, NOW, BODY)}", BODY),
        (f"t={NOW},v1={'é' * 64}", BODY),
        (f"t={NOW},v1=\udce9", BODY),
        (f"t={NOW},v1=", BODY),
    ],
)
def test_tampered(given, body):
    """Another body, another secret, another time or another signature is not believed."""
    assert "does not fit" in str(why_not(given, body, SECRET, NOW))


@pytest.mark.parametrize(
    "given", ["", "t=1", "v1=ab", "t=,v1=ab", "t=-5,v1=ab", "t=1e9,v1=ab", "t=1,t=2,v1=ab", "t=٣,v1=a"]
)
def test_unreadable(given):
    """A header that has not one time and a signature is refused."""
    assert "cannot be read" in str(why_not(given, BODY, SECRET, NOW))
    assert "no TL-Signature" in str(why_not(None, BODY, SECRET, NOW))


@pytest.mark.parametrize(("age_s", "is_believed"), [(WINDOW_S, True), (WINDOW_S + 1, False), (-WINDOW_S - 1, False)])
def test_stale(age_s, is_believed):
    """A signature is believed for five minutes, before and after."""
    reason = why_not(header(), BODY, SECRET, NOW + age_s)
    assert (reason is None) is is_believed
