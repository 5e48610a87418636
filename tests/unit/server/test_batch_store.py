"""What is remembered of batches and of webhook events."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib import resources

import pytest

from pipeline.server import clock
from pipeline.server.paging import Page
from pipeline.server.store import Store
from pipeline.server.store.batches import NewBatch, Overdue
from pipeline.server.store.database import STEPS
from pipeline.server.store.tasks import NewTask

DAY_S = 24 * 3600
BATCH = NewBatch("b" * 24, "general", "pegasus1.5", 3)
ITEM = NewTask(
    id="item",
    custom_id=None,
    batch_id=BATCH.id,
    source="asset_id",
    asset_id="a" * 24,
    video_url=None,
    mode="general",
    request="{}",
    duration=2.0,
)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "platform.db") as opened:
        yield opened


def add(store, batch_id=BATCH.id, ttl_s=DAY_S, items=("0", "1", "2")):
    """A batch whose items have the ids `<batch>0`, ...; only the first batch's are without its name."""
    prefix = "" if batch_id == BATCH.id else batch_id
    tasks = [replace(ITEM, id=prefix + name, custom_id=f"c{name}", batch_id=batch_id) for name in items]
    return store.batches.add(replace(BATCH, id=batch_id), tasks, ttl_s)


def status(store, batch_id=BATCH.id):
    store.batches.settle()
    return store.batches.get(batch_id).status


def test_a_batch_goes_through_its_states(store):
    """A batch is `pending` until an item has left the queue, and `completed` when every item has ended, however."""
    heard = []
    store.batches.listen(heard.append)
    assert add(store).status == "pending"
    store.tasks.pending("0")
    assert status(store) == "pending"
    store.tasks.processing("0")
    assert status(store) == "processing"
    store.tasks.end("0", "ready", "{}")
    store.tasks.end("1", "failed", error="{}")
    assert status(store) == "processing"
    store.tasks.end("2", "canceled")
    assert status(store) == "completed"
    assert status(store) == "completed"
    (ended,) = heard
    assert (ended.ready, ended.failed, ended.canceled, ended.queued, ended.processing) == (1, 1, 1, 0, 0)


def test_a_canceled_batch_waits_for_what_is_processed(store):
    """Of a canceled batch the waiting items have to go; it is `canceled` when those being processed have ended."""
    add(store)
    store.tasks.processing("0")
    store.tasks.pending("1")
    assert store.batches.cancel(BATCH.id).status == "canceling"
    assert store.batches.canceled_items() == ["1", "2"]
    for item in ("1", "2"):
        store.tasks.end(item, "canceled")
    assert status(store) == "canceling"
    store.tasks.end("0", "ready", "{}")
    assert status(store) == "canceled"


def test_an_expired_batch_gives_up_its_items(store):
    """When its time is over a batch's unfinished items are named, waiting and processing apart, and it is `expired`."""
    add(store, ttl_s=0)
    store.tasks.processing("0")
    store.batches.expire()
    assert store.batches.overdue_items() == Overdue(["1", "2"], ["0"])
    for item in ("0", "1", "2"):
        store.tasks.end(item, "failed", error="{}")
    assert status(store) == "expired"


def test_what_was_done_in_time_does_not_expire(store):
    """A batch all of whose items have ended is `completed`, though nobody looked before its time was over."""
    add(store, ttl_s=0)
    for item in ("0", "1", "2"):
        store.tasks.end(item, "ready", "{}")
    store.batches.expire()
    assert status(store) == "completed"


def test_pages_of_batches_are_filtered(store):
    """A page of batches is newest first; filters take several values."""
    for name in ("one", "two", "three"):
        add(store, name)
    store.batches.cancel("two")
    assert [batch.id for batch in store.batches.page(Page(1, 2), [], [])[0]] == ["three", "two"]
    assert [batch.id for batch in store.batches.page(Page(1, 9), ["canceling", "pending"], ["general"])[0]] == [
        "three",
        "two",
        "one",
    ]
    assert store.batches.page(Page(1, 9), ["canceling"], [])[1] == 1
    assert store.batches.page(Page(1, 9), [], ["time_based_metadata"]) == ([], 0)


def test_results_come_in_each_order(store):
    """Results come in the order of the requests, in that in which they ended, or in another that stays."""
    names = [str(n) for n in range(9)]
    add(store, items=names[::-1])
    store.tasks.end("3", "ready", "{}")
    assert store.batches.results(BATCH.id, "created") == names[::-1]
    assert store.batches.results(BATCH.id, "ended") == ["3", *(name for name in names[::-1] if name != "3")]
    assert store.batches.results(BATCH.id, "shuffled") == names


def test_old_batches_go_with_their_tasks(store):
    """A batch that is old enough is forgotten with its tasks, unless it still works; the books keep what was billed."""
    add(store)
    add(store, "other")
    store.tasks.end("other0", "ready", "{}")
    for item in ("0", "1", "2"):
        store.tasks.end(item, "ready", "{}")
    store.batches.settle()
    store.batches.delete_older(DAY_S)
    assert store.batches.get(BATCH.id).ready == 3
    store.batches.delete_older(0)
    assert (store.batches.get(BATCH.id), store.tasks.get("0")) == (None, None)
    assert store.batches.get("other").total_items == 3
    books = store.books()
    assert (books.tasks_created, books.billed) == (6, 4)
    assert books.billed_by_custom_id == {"c0": 2, "c1": 1, "c2": 1}


def test_a_late_answer_is_not_billed(store):
    """The answer of a task that has ended already changes nothing and is not billed."""
    add(store)
    store.tasks.end("0", "canceled")
    assert not store.tasks.end("0", "ready", "{}")
    assert store.books().billed == 0


def test_the_books_of_an_older_folder_go_on(tmp_path):
    """In a database from before there were batches, what had ended ready counts as billed, once."""
    path = tmp_path / "platform.db"
    with closing(sqlite3.connect(path)) as older:
        older.executescript(resources.files("pipeline.server.store").joinpath(STEPS[0]).read_text())
        for number, ended in enumerate(("ready", "failed", "ready")):
            older.execute(
                "INSERT INTO tasks (id, custom_id, status, source, model, prompt, created_at)"
                " VALUES (?, 'c', ?, 'url', 'pegasus1.5', 'What?', 0)",
                (str(number), ended),
            )
            older.execute("INSERT INTO created_tasks VALUES (?, 'c')", (str(number),))
        older.execute("PRAGMA user_version=1")
        older.commit()
    for _ in range(2):
        with Store(path) as store:
            assert (store.books().tasks_created, store.books().billed_by_custom_id) == (3, {"c": 2})


def test_deliveries_are_tried_until_they_arrive(store):
    """A delivery is due at once, then when its last attempt says, and never again once it arrived or was given up."""
    store.webhooks.add("whe_1", "task", "{}", ["http://a", "http://b"])
    now = clock.now()
    first, second = store.webhooks.due(now)
    assert (first.url, second.url, first.attempts) == ("http://a", "http://b", 0)
    store.webhooks.delivered(first)
    store.webhooks.failed(second, "No.", now + 60)
    assert (store.webhooks.due(now), store.webhooks.next_due(now)) == ([], now + 60)
    (again,) = store.webhooks.due(now + 60)
    store.webhooks.failed(again, "Never.", None)
    assert (store.webhooks.due(now + 999), store.webhooks.next_due(now)) == ([], None)
    assert store.webhooks.of("task") == [
        {"url": "http://a", "delivered": True, "attempts": 1},
        {"url": "http://b", "delivered": False, "attempts": 2, "last_error": "Never."},
    ]


def test_addresses_no_longer_set_get_nothing(store):
    """What is due to an address that is no longer set is given up."""
    store.webhooks.add("whe_1", "task", "{}", ["http://a", "http://b"])
    store.webhooks.forget_others(["http://b"])
    assert [delivery.url for delivery in store.webhooks.due(clock.now())] == ["http://b"]
    store.webhooks.forget_others([])
    assert store.webhooks.due(clock.now()) == []
