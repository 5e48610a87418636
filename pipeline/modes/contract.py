"""What every mode keeps to."""

from collections.abc import Iterator
from typing import Protocol

from pipeline.models import AnalysisRequest, Recipe, Result


class Mode(Protocol):
    """One way to ask and to read the answer.

    The law: all are plain functions of values. `read_answer` tolerates members that it does not know, leaves out facts
    that it cannot read, and refuses only what holds no answer at all.
    """

    def problems(self, recipe: Recipe, /) -> Iterator[str]:
        """What this mode cannot be asked, each with a remedy; what a model does not take is told elsewhere."""
        ...

    def build_request(self, recipe: Recipe, /) -> AnalysisRequest:
        """What to ask the platform for this recipe."""
        ...

    def read_answer(self, raw: str, recipe: Recipe, /) -> Result:
        """What a finished task said.

        Args:
            raw: the JSON text of the finished task, as received.
            recipe: what was asked; an answer that does not keep to the form asked for is an answer all the same.

        Raises:
            UnexpectedResponse: it is not the text of a task that is ready.
        """
        ...
