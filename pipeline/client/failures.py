"""What failed in a task group, as itself instead of as a group."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.errors import FatalError, PauseRun, PipelineError

GRAVITY = (FatalError, PauseRun, PipelineError)


@contextmanager
def gravest_failure() -> Iterator[None]:
    """Around a task group: let its one failure out as itself; of several at once the one with the widest consequence.

    A group that holds anything but errors of the house is a bug and stays whole, so that nothing of it is hidden.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        for kind in GRAVITY:
            _, others = group.split(PipelineError)
            chosen = group.subgroup(kind)
            if others is None and chosen is not None:
                raise _leaf(chosen) from None
        raise


def _leaf(group: BaseExceptionGroup) -> BaseException:
    first = group.exceptions[0]
    return _leaf(first) if isinstance(first, BaseExceptionGroup) else first
