"""What every mode keeps to."""

from dataclasses import dataclass
from typing import Protocol

from pipeline.models import Recipe, Result


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    """What is asked of one video, as the platform takes it; None stays unsaid.

    Attributes:
        start_time_s: where the window begins, in seconds on the file's own clock.
        end_time_s: where it ends.
    """

    model: str
    prompt: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    start_time_s: float | None = None
    end_time_s: float | None = None


class Mode(Protocol):
    """One way to ask and to read the answer.

    The law: both are plain functions of values. `read_answer` tolerates members that it does not know, leaves out facts
    that it cannot read, and refuses only what holds no answer at all.
    """

    def build_request(self, recipe: Recipe, /) -> AnalysisRequest:
        """What to ask the platform for this recipe."""
        ...

    def read_answer(self, raw: str, /) -> Result:
        """What a finished task said.

        Args:
            raw: the JSON text of the finished task, as received.

        Raises:
            UnexpectedResponse: it is not the text of a task that is ready.
        """
        ...
