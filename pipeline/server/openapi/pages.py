"""What all lists have in common."""

from typing_extensions import TypedDict

from pipeline.config import ServerSettings
from pipeline.server.openapi.operation import Parameter


class PageInfo(TypedDict):
    page: int
    limit_per_page: int
    total_page: int
    total_results: int


def page_parameters(settings: ServerSettings) -> tuple[Parameter, Parameter]:
    """The two that choose a page."""
    limit = {"type": "integer", "minimum": 1, "maximum": settings.page_max, "default": settings.page_default}
    return (
        Parameter("page", "Which page; the first is 1.", {"type": "integer", "minimum": 1, "default": 1}),
        Parameter("page_limit", "How many items a page has.", limit),
    )
