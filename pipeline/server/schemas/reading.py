"""How a JSON request body is read."""

from typing import TypeVar

import orjson
from aiohttp import web
from pydantic import AnyUrl, BaseModel, ConfigDict, TypeAdapter, ValidationError

from pipeline.server.problems import ApiError, from_validation, invalid

M = TypeVar("M", bound=BaseModel)

_url = TypeAdapter(AnyUrl)


class Body(BaseModel):
    """A JSON request body; JSON has types, so nothing is converted, and unknown members are refused."""

    model_config = ConfigDict(defer_build=True, frozen=True, strict=True, extra="forbid")


async def read(request: web.Request, model: type[M]) -> M:
    """Read a JSON body.

    Raises:
        ApiError: 400 content_type_invalid, parameter_not_provided, parameter_unknown or parameter_invalid.
    """
    if request.content_type != "application/json":
        raise ApiError(400, "content_type_invalid", "The content type must be application/json.")
    try:
        return model.model_validate(orjson.loads(await request.read()))
    except orjson.JSONDecodeError as error:
        raise invalid(f"The request body is not valid JSON: {error}.") from error
    except ValidationError as error:
        raise from_validation(error) from error


def parse_url(text: str, *, name: str = "url", schemes: tuple[str, ...] = ("http", "https")) -> str:
    """A direct link to a media file, as given.

    Raises:
        ApiError: 400 parameter_invalid.
    """
    try:
        is_good = _url.validate_python(text).scheme in schemes
    except ValidationError:
        is_good = False
    if not is_good:
        raise invalid(f"The {name} parameter must be an {' or '.join(schemes)} URL.")
    return text
