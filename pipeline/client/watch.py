"""Waiting for the platform: tasks and assets under way, asked about together instead of one by one."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import Enum, auto
from math import inf
from random import random

import anyio

from pipeline.client.assets import Assets
from pipeline.client.clock import loop_time
from pipeline.client.experience import Experience
from pipeline.client.recent import Recent
from pipeline.client.roster import Roster, Seat
from pipeline.client.tasks import Tasks
from pipeline.client.wire import PAGE
from pipeline.config import PollingSettings
from pipeline.errors import FatalError, PauseRun, PipelineError, RetriesExhausted, SourceRejected, VideoError
from pipeline.models import Asset, Task

TERMINAL = frozenset({"ready", "failed", "canceled"})
# However clear the list seems to be, every so many looks a task is retrieved: the list shows only what is ready.
DIRECT_LOOK = 3
# How many tasks may be said to have ended before anybody waits for them; more than one run has in flight.
EARLY = 10_000


class News(Enum):
    """What a look at the list says of one task."""

    RETRIEVE = auto()  # it is ready, or there is no cheaper way to know
    NOT_YET = auto()  # younger ones are ready and it is not
    UNSEEN = auto()  # the list was not read as far back


def look_again_s(looks: int, *, min_s: float, max_s: float, dice: float) -> float:
    """Seconds until the next look: full jitter between a floor and a ceiling that doubles with every look.

    Args:
        looks: how many were in vain, from 1.
        min_s: the floor.
        max_s: the highest ceiling.
        dice: a random number from 0 to 1.
    """
    ceiling_s = min(max_s, min_s * 2.0 ** min(looks, 60))
    return min_s + dice * max(0.0, ceiling_s - min_s)


class Watch:
    """News of tasks and assets. `run` has to be running while anyone waits."""

    def __init__(self, assets: Assets, tasks: Tasks, polling: PollingSettings, ready_timeout_s: float) -> None:
        self._experience = Experience(polling)
        self._assets = assets
        self._tasks = tasks
        self._polling = polling
        self._ready_timeout_s = ready_timeout_s
        self._for_assets = Roster[Asset | None]()
        self._for_tasks = Roster[News]()
        self._early = Recent(EARLY)

    def learn(self, past: Iterable[tuple[float, float]]) -> None:
        """Add what earlier runs saw: (video seconds, seconds from submission to answer), newest first."""
        for video_s, seconds in reversed(list(past)):
            self._experience.learn(video_s, seconds)

    def wake(self, task_id: str) -> None:
        """This task is said to have ended: whoever waits for it retrieves it at once, or as soon as he would wait.

        That is no more than a hint. A task that nobody ever waits for is forgotten in time.
        """
        seats = self._for_tasks.take({task_id})
        for seat in seats:
            seat.tell(News.RETRIEVE)
        if not seats:
            self._early.add(task_id)

    async def task_done(
        self,
        task_id: str,
        *,
        asset_id: str | None,
        custom_id: str | None,
        video_minutes: float | None,
        submitted_at: datetime | None = None,
    ) -> Task:
        """Wait for a task to end, whichever way, and retrieve it.

        Args:
            task_id: what `Tasks.create` gave.
            asset_id: what the task has to be about.
            custom_id: what the task has to be called.
            video_minutes: the length that is analysed, if known.
            submitted_at: when it was created, by the clock of this machine; None is now.

        Raises:
            RetriesExhausted: it has not ended after `give_up_s`; it may later (code task_unfinished).
            VideoError, PauseRun, FatalError: as `Tasks.retrieve` does.
        """
        began = loop_time()
        age_s = (datetime.now(UTC) - submitted_at).total_seconds() if submitted_at else 0.0
        wait_s = max(0.0, self._experience.first_look_s(None if video_minutes is None else video_minutes * 60) - age_s)
        looks = 0
        news = News.NOT_YET
        while True:
            is_direct = news is News.UNSEEN or looks % DIRECT_LOOK == DIRECT_LOOK - 1
            if self._early.forget(task_id):
                news = News.RETRIEVE
            else:
                news = await self._for_tasks.wait(task_id, wait_s, began, is_direct=is_direct)
            if news is News.RETRIEVE:
                task = await self._tasks.retrieve(task_id, expect_asset_id=asset_id, expect_custom_id=custom_id)
                if task.status in TERMINAL:
                    self._early.forget(task_id)
                    self._learn(task, video_minutes)
                    return task
            looks += 1
            _give_up(f"task {task_id}", "task_unfinished", began, self._polling.give_up_s)
            wait_s = look_again_s(looks, min_s=self._polling.min_s, max_s=self._polling.max_s, dice=random())

    async def asset_ready(self, asset_id: str, *, with_duration: bool = False) -> Asset:
        """Wait until the platform has taken an asset in; at once for one that is ready.

        Args:
            asset_id: of a complete upload, or one that is remembered from an earlier run.
            with_duration: ask for the asset by itself where the list does not say how long it is.

        Raises:
            AssetGone: the platform does not hold it.
            SourceRejected: it will not take the media; the message says why.
            RetriesExhausted: it is still processing after `ready_timeout_s` (code asset_unfinished).
        """
        began = loop_time()
        wait_s = 0.0
        looks = 0
        while True:
            # what the list does not show is asked for by itself, before anything is uploaded again
            asset = await self._for_assets.wait(asset_id, wait_s, began) or await self._assets.retrieve(asset_id)
            if asset.status == "failed":
                raise await self._rejection(asset)
            if asset.status == "ready":
                is_enough = asset.duration_s is not None or not with_duration
                return asset if is_enough else await self._assets.retrieve(asset_id)
            looks += 1
            _give_up(f"asset {asset_id}", "asset_unfinished", began, self._ready_timeout_s)
            wait_s = look_again_s(
                looks, min_s=self._polling.asset_min_s, max_s=self._polling.asset_max_s, dice=random()
            )

    async def run(self) -> None:
        """Ask for everyone who waits, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._look_at_assets)
            group.start_soon(self._look_at_tasks)

    async def _look_at_tasks(self) -> None:
        while True:
            due = await self._for_tasks.due(self._polling.tick_s)
            listed = [seat for seat in due if not seat.is_direct]
            if len(listed) < self._polling.list_from:
                listed = []
            for seat in set(due).difference(listed):
                seat.tell(News.RETRIEVE)
            if listed:
                await self._look_at_list(listed)

    async def _look_at_list(self, seats: list[Seat[News]]) -> None:
        try:
            ready, back_to = await self._ready_tasks({seat.id: seat.since for seat in seats})
        except VideoError:  # no list to be had: each for himself
            ready, back_to = {seat.id for seat in seats}, -inf
        except (PauseRun, FatalError) as error:
            _tell_all(seats, error)
            return
        for seat in seats:
            if seat.id in ready:
                seat.tell(News.RETRIEVE)
            else:
                seat.tell(News.NOT_YET if seat.since >= back_to else News.UNSEEN)
        for seat in self._for_tasks.take(ready):  # done sooner than expected
            seat.tell(News.RETRIEVE)

    async def _ready_tasks(self, sought: dict[str, float]) -> tuple[set[str], float]:
        """Which of the tasks waited for the list shows as ready, and how far back it was read, as a time of submission.

        Newest first, tasks under way are in front of those done with: a page with none of them is not worth another.
        """
        since = {**self._for_tasks.since(), **sought}
        found: set[str] = set()
        page = 1
        while not sought.keys() <= found:
            tasks = await self._tasks.list(page=page, status="ready")
            hits = since.keys() & {task.id for task in tasks} - found
            found |= hits
            if len(tasks) < PAGE:
                return found, -inf
            if not hits:
                break
            page += 1
        return found, min((since[id_] for id_ in found), default=inf)

    async def _look_at_assets(self) -> None:
        while True:
            due = await self._for_assets.due(self._polling.tick_s)
            ids = list(dict.fromkeys(seat.id for seat in due))
            for start in range(0, len(ids), PAGE):
                page = frozenset(ids[start : start + PAGE])
                await self._look_at_page(page, [seat for seat in due if seat.id in page])

    async def _look_at_page(self, ids: frozenset[str], seats: list[Seat[Asset | None]]) -> None:
        try:
            assets = {asset.id: asset for asset in await self._assets.list(ids)}
        except VideoError:  # one id may have spoiled it for all: each for himself
            assets = {}
        except (PauseRun, FatalError) as error:
            _tell_all(seats, error)
            return
        for seat in seats:
            seat.tell(assets.get(seat.id))

    async def _rejection(self, asset: Asset) -> SourceRejected:
        if asset.error is None:  # the list may leave out why
            asset = await self._assets.retrieve(asset.id)
        reason = asset.error or "no reason given"
        return SourceRejected(f"the platform will not take the video: {reason}", code=asset.error_code)

    def _learn(self, task: Task, video_minutes: float | None) -> None:
        if task.status == "ready" and video_minutes and task.created_at and task.completed_at:
            self._experience.learn(video_minutes * 60, max(0.0, (task.completed_at - task.created_at).total_seconds()))


def _tell_all(seats: Iterable[Seat[Asset | None]] | Iterable[Seat[News]], error: PipelineError) -> None:
    for seat in seats:
        seat.tell(error)


def _give_up(what: str, code: str, began: float, after_s: float) -> None:
    if (waited_s := loop_time() - began) > after_s:
        raise RetriesExhausted(
            f"{what} is still being processed after {waited_s:.0f} s; `pipeline retry` goes on waiting", code=code
        )
