"""What is asked of the platform, and what it answers, as values."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipeline.client.body import FileBody
from pipeline.client.refusals import Meaning

OnBytes = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the platform, in words that can be sent as often as it takes.

    Attributes:
        path: below the base URL, its parts quoted.
        meaning: what it is about, and what its refusals mean.
        budget: the endpoint class that it draws on.
        content: the body, where it is a small one, and its `content_type`.
        body: makes the body anew for every attempt, where it is read from a file.
        on_bytes: told how many bytes of that file have left; a negative number takes back those of a failed attempt.
        patience_s: how long the platform may stay silent, where it does the work before it answers; such a request
            keeps no other of its budget waiting. None is as usual.
        on_leaving: told at each attempt that the request leaves now: everything that it had to wait for is over.
        draws: by which keys it was admitted to the account, whose draws count from when it leaves.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    meaning: Meaning
    budget: Literal["analyze", "upload", "read", "other"]
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    content_type: str = "application/json"
    body: Callable[[], FileBody] | None = None
    on_bytes: OnBytes | None = None
    patience_s: float | None = None
    on_leaving: Callable[[], None] | None = None
    draws: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its headers (looked up without regard to case) and its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
