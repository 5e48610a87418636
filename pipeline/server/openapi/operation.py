"""What is said of one route: its parameters, what it takes, everything it can answer with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from typing_extensions import TypedDict

JSON = "application/json"


class Problem(TypedDict):
    """What went wrong; `code` is one of the platform's error codes."""

    code: str
    message: str


class NestedProblem(TypedDict):
    """The same as most analysis endpoints word it."""

    error: Problem


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter or a header. Those of the path are read off the path itself."""

    name: str
    text: str
    schema: Mapping[str, object]
    where: Literal["query", "header"] = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What a request holds. `model` is what the handler validates with: whatever pydantic makes a schema of."""

    model: Any
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to succeed.

    Attributes:
        model: a TypedDict of the body; None is no body. Of a body of many JSON lines it describes one line.
        headers: those that are always sent, with what they say.
    """

    status: int
    text: str
    model: Any = None
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One route.

    Attributes:
        name: where the official package has the method, its dotted name there.
        path: below the base URL; below the origin for what is `open`.
        refusals: statuses of its own for refused requests. What every route of its kind can answer is added.
        is_open: needs no key and lies outside the base path.
    """

    name: str
    method: Literal["get", "post", "put", "patch", "delete"]
    path: str
    text: str
    answers: tuple[Answer, ...]
    refusals: tuple[int, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    is_open: bool = False
