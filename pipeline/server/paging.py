"""Pages of a list: `page` and `page_limit` in, `page_info` out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server.problems import invalid


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for; `number` counts from 1."""

    number: int
    limit: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.limit

    def info(self, total: int) -> dict[str, int]:
        """The `page_info` object for a list of `total` items."""
        return {
            "page": self.number,
            "limit_per_page": self.limit,
            "total_page": -(-total // self.limit),
            "total_results": total,
        }

    def wrap(self, items: Sequence[Any], total: int) -> dict[str, object]:
        """The body of a list answer."""
        return {"data": items, "page_info": self.info(total)}


def requested(request: web.Request, settings: ServerSettings) -> Page:
    """Read the page from the query.

    Raises:
        ApiError: 400 parameter_invalid.
    """
    number = _whole(request, "page", 1)
    limit = _whole(request, "page_limit", settings.page_default)
    # SQLite counts rows in 64 bits; nobody has more pages than this
    if not 1 <= number <= 10**9:
        raise invalid("The page parameter must be at least 1.")
    if not 1 <= limit <= settings.page_max:
        raise invalid(f"The page_limit parameter must be between 1 and {settings.page_max}.")
    return Page(number, limit)


def _whole(request: web.Request, name: str, default: int) -> int:
    given = request.query.get(name)
    if given is None:
        return default
    try:
        return int(given)
    except ValueError:
        raise invalid(f"The {name} parameter must be an integer.") from None
