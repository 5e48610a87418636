"""What comes out of a task group."""

import anyio
import pytest

from pipeline.client.failures import gravest_failure
from pipeline.errors import AuthenticationFailed, PipelineError, QuotaExhausted, TaskFailed

pytestmark = pytest.mark.anyio


async def fail_together(*errors: BaseException) -> None:
    start = anyio.Event()

    async def fail(error: BaseException) -> None:
        try:
            await start.wait()
        finally:
            raise error

    with gravest_failure():
        async with anyio.create_task_group() as group:
            for error in errors:
                group.start_soon(fail, error)
            start.set()


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ((TaskFailed("a"),), TaskFailed),
        ((TaskFailed("a"), QuotaExhausted("b")), QuotaExhausted),
        ((TaskFailed("a"), QuotaExhausted("b"), AuthenticationFailed("c")), AuthenticationFailed),
        ((KeyError("bug"),), KeyError),
    ],
)
async def test_one_failure_comes_out(errors, kind):
    """Of errors at the same time the one with the widest consequence comes out, as itself."""
    with pytest.raises(kind):
        await fail_together(*errors)


async def test_a_bug_is_not_hidden_behind_an_error():
    """A group that holds a bug besides errors of the house comes out whole."""
    with pytest.raises(ExceptionGroup) as caught:
        await fail_together(TaskFailed("a"), KeyError("bug"))
    assert caught.value.subgroup(KeyError) is not None
    assert caught.value.subgroup(PipelineError) is not None
