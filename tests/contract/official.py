"""Holds requests against the official package: each has to be one that the package itself would send."""

import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError
from twelvelabs import TwelveLabs
from twelvelabs.core.api_error import ApiError
from twelvelabs.core.pydantic_utilities import parse_obj_as

from tests.contract.recorder import Exchange, content

BASE = "/v1.3"


class Official:
    """The package's client, whose requests go nowhere but are looked at; use as `with`."""

    def __init__(self) -> None:
        self._sent: list[httpx.Request] = []
        self._http = httpx.Client(transport=httpx.MockTransport(self._take))
        self._client = TwelveLabs(api_key="k", base_url=f"http://platform{BASE}", httpx_client=self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _take(self, request: httpx.Request) -> httpx.Response:
        self._sent.append(request)
        return httpx.Response(418)

    def parameters(self, name: str) -> dict[str, str]:
        """What a method takes, as the wire names it, and as the package does; LookupError where there is none."""
        names = [one for one in inspect.signature(self._method(name)).parameters if one != "request_options"]
        return {_wire_name(one): one for one in names}

    def _method(self, name: str) -> Any:
        try:
            return reduce(getattr, name.split("."), self._client)
        except AttributeError:
            raise LookupError(f"the package has no method {name}") from None

    def problems(self, name: str, in_path: dict[str, str], exchange: Exchange) -> list[str]:
        """What a request has that the method of this name would not send, or would send otherwise."""
        given = {**in_path, **_queried(exchange), **_contained(exchange)}
        if name == "analyze" and given.pop("stream", True):  # what is said here is said there by the method's name
            name = "analyze_stream"
        known = self.parameters(name)
        if unknown := given.keys() - known.keys():
            return [f"{name} does not take {', '.join(sorted(unknown))}"]
        method = self._method(name)
        hints = get_type_hints(method)
        try:
            arguments = {known[one]: _typed(hints[known[one]], value) for one, value in given.items()}
        except ValidationError as error:
            return [f"{name}: {error}"]
        found = [problem for one, value in arguments.items() for problem in _strange(one, value)]
        return found or self._differences(method, arguments, exchange)

    def _differences(self, method: Any, arguments: dict[str, Any], exchange: Exchange) -> list[str]:
        with suppress(ApiError):
            answer = method(**arguments)
            if isinstance(answer, Iterator):
                next(answer)
        theirs = self._sent.pop()
        body_type = theirs.headers.get("content-type", "").partition(";")[0]
        pairs = {
            "method": (theirs.method, exchange.method),
            "path": (theirs.url.raw_path.decode().partition("?")[0], exchange.path),
            "query": (sorted(parse_qsl(theirs.url.query.decode())), sorted(exchange.query)),
            "body": (_sent_body(body_type, theirs), exchange.content() if exchange.body else b""),
        }
        return [f"{part}: the package sends {a!r}, not {b!r}" for part, (a, b) in pairs.items() if a != b]


def _wire_name(parameter: str) -> str:
    """The package splits numbers off: `prompt_v_2` is `prompt_v2`."""
    return re.sub(r"_v_(\d+)$", r"_v\1", parameter)


def _queried(exchange: Exchange) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in exchange.query:
        values.setdefault(name, []).append(value)
    return {name: many if len(many) > 1 else many[0] for name, many in values.items()}


def _contained(exchange: Exchange) -> dict[str, Any]:
    body = exchange.content() if exchange.body else {}
    assert isinstance(body, dict), "the package sends no such body"
    return body


def _sent_body(body_type: str, request: httpx.Request) -> Any:
    raw = request.read()
    return content(body_type, request.headers["content-type"], raw) if raw else b""


def _typed(hint: Any, value: Any) -> Any:
    """A value as the package's type; one that is no literal it names is refused, although its types let all pass."""
    if isinstance(value, tuple):  # a file
        return value
    narrow = _narrow(hint)
    return TypeAdapter(narrow).validate_python(value) if narrow is not hint else parse_obj_as(hint, value)


def _narrow(hint: Any) -> Any:
    """`Literal[...] | Any` is what its author means by the literal."""
    options = get_args(hint)
    if get_origin(hint) is Union and Any in options and any(get_origin(one) is Literal for one in options):
        return Union[tuple(one for one in options if one is not Any)]  # noqa: UP007 - made at run time
    return hint


def _strange(where: str, value: Any) -> Iterator[str]:
    """Members that the package's models do not name, and values that their literals do not."""
    if isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _strange(f"{where}.{number}", item)
    if not isinstance(value, BaseModel):
        return
    yield from (f"{where}: {name} is unknown" for name in value.model_extra or {})
    for name, field in type(value).model_fields.items():
        inner = getattr(value, name)
        narrow = _narrow(field.annotation)
        if narrow is not field.annotation:
            try:
                TypeAdapter(narrow).validate_python(inner)
            except ValidationError:
                yield f"{where}.{name}: {inner!r} is unknown"
        yield from _strange(f"{where}.{name}", inner)
