"""Whether an event is the platform's own word: what its signature says of it. Pure.

`TL-Signature: t=<epoch seconds>,v1=<hex>` holds HMAC-SHA256 of `<t>.<raw body>` under the secret that the dashboard
shows. The bytes are signed as they travelled, so nothing may be parsed before this has been asked.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator

HEADER = "TL-Signature"
# How far a signature's time may be from ours, either way: what the platform's documents advise.
WINDOW_S = 300
_TIME = re.compile(r"[0-9]{1,12}")


def why_not(header: str | None, body: bytes, secret: str, now: float) -> str | None:
    """Why an event is not to be believed; None where it is.

    Args:
        header: the signature's; its fields may stand in any order, unknown ones and further `v1` beside them.
        body: as it was received, to the byte.
        secret: of the account's webhooks.
        now: epoch seconds.
    """
    if header is None:
        return f"it has no {HEADER}"
    fields = list(_fields(header))
    times = [value for name, value in fields if name == "t"]
    given = [value for name, value in fields if name == "v1"]
    if len(times) != 1 or not given or not _TIME.fullmatch(times[0]):
        return f"its {HEADER} cannot be read"
    expected = hmac.new(secret.encode(), times[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode()
    # every one is compared, so that the time it takes tells nothing of which
    matches = [hmac.compare_digest(expected, value.lower().encode("utf-8", "replace")) for value in given]
    if not any(matches):
        return "its signature does not fit: another secret, or another body"
    if abs(now - int(times[0])) > WINDOW_S:
        return f"its signature is not from within {WINDOW_S} s of now; check the clock of this machine"
    return None


def _fields(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(","):
        name, _, value = part.partition("=")
        yield name.strip(), value.strip()
