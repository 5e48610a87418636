"""Analysis tasks: create, retrieve, list, cancel. A task costs money, so none is created twice."""

from collections.abc import Collection
from functools import partial
from types import MappingProxyType
from urllib.parse import quote

import orjson

from pipeline.client import wire
from pipeline.client.calls import Call
from pipeline.client.refusals import Meaning
from pipeline.client.requests import Pictures, task_body
from pipeline.client.transport import Transport
from pipeline.errors import AssetGone, RetriesExhausted, TaskFailed, UnexpectedResponse, VideoError
from pipeline.models import AnalysisRequest, Medium, Task, TaskStatus

# How many tasks of one asset are looked through for one that was asked for already.
LOOK_BACK_PAGES = 20
# A task about images, or about a video inside it, has nothing that the list can be filtered by: others' stand between.
LOOK_BACK_PAGES_OF_ALL = 200
EMPTY: Pictures = MappingProxyType({})


class Tasks:
    """`/analyze/tasks`. Every method raises what `Transport.ask` does, besides what it names itself."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def create(
        self,
        medium: Medium,
        asked: AnalysisRequest,
        *,
        custom_id: str,
        idempotency_key: str,
        pictures: Pictures = EMPTY,
        answered: Collection[str] = (),
    ) -> Task:
        """Ask for an analysis, exactly once.

        Every HTTP attempt carries the same Idempotency-Key. How long the platform remembers it is not documented, so
        whatever may have been a success is looked for before it is sent again.

        Args:
            medium: what it is asked of; an asset has to be ready.
            asked: what is asked.
            custom_id: what the task is found by, 1 to 64 of A-Z a-z 0-9 _ -.
            idempotency_key: the same for every attempt at this one submission.
            pictures: where the platform finds each image of the question.
            answered: ids of tasks that the same was asked by before, on purpose: none of them is this submission.

        Raises:
            AssetGone: the platform does not hold the asset any more.
            SourceRejected: the platform will not analyse this video.
            TaskFailed: it refuses the request.
            RetriesExhausted: it may have been created all the same; `look` before it is asked for again.
        """
        meaning = Meaning(f"creating the task {custom_id}", TaskFailed, AssetGone)
        call = Call(
            "POST",
            "/analyze/tasks",
            meaning,
            "analyze",
            headers={"Idempotency-Key": idempotency_key},
            content=orjson.dumps(task_body(asked, medium, custom_id, pictures)),
            draws=(custom_id,),
        )

        async def attempt() -> Task:
            answer = await self._transport.once(call)
            try:
                created = wire.parse(wire.CreatedTaskShape, answer, meaning.doing)
            except UnexpectedResponse:  # it was accepted all the same
                if (found := await look()) is not None:
                    return found
                raise
            return Task(created.task_id, wire.task_status(created.status), custom_id, medium.asset_id, medium.url)

        look = partial(self.look, medium, custom_id, answered)
        return await self._transport.persist(attempt, doing=meaning.doing, rescue=look)

    async def look(self, medium: Medium, custom_id: str, answered: Collection[str] = ()) -> Task | None:
        """`find` where a task may have been paid for: not being able to look is no leave to pay again.

        Raises:
            RetriesExhausted: it cannot be looked up now.
        """
        try:
            return await self.find(medium, custom_id, answered)
        except VideoError as error:
            raise RetriesExhausted(
                f"the task {custom_id} may have been created, but that cannot be looked up: {error.message}",
                code=error.code,
            ) from error

    async def find(self, medium: Medium, custom_id: str, answered: Collection[str] = ()) -> Task | None:
        """The newest task with this `custom_id` on this medium that has not failed, was not canceled, and is not among
        the `answered` ones.
        """
        is_nameless = medium.asset_id is None and medium.url is None
        pages = LOOK_BACK_PAGES_OF_ALL if is_nameless else LOOK_BACK_PAGES
        for page in range(1, pages + 1):
            tasks = await self.list(page=page, asset_id=medium.asset_id, video_url=medium.url)
            for task in tasks:
                # the medium is compared, too: a platform may not know the filter
                is_ours = task.custom_id == custom_id and task.asset_id in {medium.asset_id, None}
                is_new = task.id not in answered and task.status not in {"failed", "canceled"}
                if is_ours and is_new and task.url in {medium.url, None}:
                    return task
            if len(tasks) < wire.PAGE:
                break
        return None

    async def retrieve(
        self, task_id: str, *, expect_asset_id: str | None = None, expect_custom_id: str | None = None
    ) -> Task:
        """One task, with the answer as the platform's own JSON text in `raw`.

        Raises:
            TaskFailed: the platform does not hold it (status 404).
            UnexpectedResponse: it is another task than was asked for, or about another asset.
        """
        meaning = Meaning(f"retrieving task {task_id}", TaskFailed, TaskFailed)
        answer = await self._transport.ask(Call("GET", f"/analyze/tasks/{quote(task_id, safe='')}", meaning, "read"))
        shape = wire.parse(wire.TaskShape, answer, meaning.doing)
        task = shape.value(raw=answer.body.decode("utf-8", "replace"))
        _agree(meaning.doing, "task_id", task.id, task_id)
        if expect_asset_id is not None and task.asset_id is not None:
            _agree(meaning.doing, "asset_id", task.asset_id, expect_asset_id)
        if expect_custom_id is not None and task.custom_id is not None:
            _agree(meaning.doing, "custom_id", task.custom_id, expect_custom_id)
        return task

    async def list(
        self,
        *,
        page: int = 1,
        page_limit: int = wire.PAGE,
        status: TaskStatus | None = None,
        asset_id: str | None = None,
        video_url: str | None = None,
    ) -> tuple[Task, ...]:
        """One page, newest first; fewer than `page_limit` means that it is the last. `raw` is empty."""
        params = [("page", str(page)), ("page_limit", str(page_limit))]
        if status is not None:
            params.append(("status", status))
        if asset_id is not None:
            params.append(("asset_id", asset_id))
        if video_url is not None:
            params.append(("video_url", video_url))
        meaning = Meaning("listing tasks", TaskFailed, TaskFailed)
        answer = await self._transport.ask(Call("GET", "/analyze/tasks", meaning, "read", params=params))
        return tuple(shape.value(raw="") for shape in wire.parse(wire.TaskPage, answer, meaning.doing).data)

    async def cancel(self, task_id: str) -> bool:
        """Have a task end now, unanswered; False where it has ended already, with an answer or without.

        Asked again of a canceled task it says the same. Whether work that had begun is billed is not documented.

        Raises:
            TaskFailed: the platform does not hold it (status 404), or will not cancel it by itself.
        """
        meaning = Meaning(f"canceling task {task_id}", TaskFailed, TaskFailed)
        try:
            await self._transport.ask(
                Call("POST", f"/analyze/tasks/{quote(task_id, safe='')}/cancel", meaning, "other")
            )
        except VideoError as error:
            if error.status == 409:
                return False
            raise
        return True


def _agree(doing: str, name: str, given: str, expected: str) -> None:
    if given != expected:
        raise UnexpectedResponse(f"{doing}: the platform answered with {name} {given}, not {expected}")
