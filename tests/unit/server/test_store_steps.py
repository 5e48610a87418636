"""Data folders of earlier versions go on working."""

import json
import sqlite3
from importlib import resources

import pytest

from pipeline.server.paging import Page
from pipeline.server.schemas import Ask, task_detail
from pipeline.server.store import Store
from pipeline.server.store.database import STEPS
from pipeline.server.store.tasks import Key, TaskFilter

FIRST = resources.files("pipeline.server.store").joinpath("schema.sql").read_text(encoding="utf-8")
TASKS = """
INSERT INTO meta VALUES ('instance_id', 'here'), ('secret', 'hush');
INSERT INTO tasks (seq, id, custom_id, status, source, asset_id, video_url, model, prompt, temperature, max_tokens,
    start_time, end_time, created_at, completed_at, duration, error, result) VALUES
    (3, 'full', 'row', 'ready', 'asset_id', 'a1', NULL, 'pegasus1.5', 'Was ist "das"?', 0.5, 600, 0.0, 1.5,
        1000.0, 1001.0, 2.0, NULL, '{"data":"x"}'),
    (7, 'bare', NULL, 'processing', 'url', NULL, 'http://x/y', 'pegasus1.6', 'What?', NULL, NULL, NULL, NULL,
        1002.0, NULL, NULL, NULL, NULL);
INSERT INTO idempotency VALUES ('k', 'digest', 'full', 9e9);
INSERT INTO created_tasks VALUES ('full', 'row'), ('bare', NULL), ('deleted', 'row');
PRAGMA user_version=1;
"""


@pytest.fixture
def old(tmp_path):
    """A database as the first version left it."""
    path = tmp_path / "platform.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST + TASKS)
    connection.close()
    return path


def test_tasks_of_the_first_version_keep_what_they_asked(old):
    """Every parameter, result and time of an older task is answered as before; what was not given stays away."""
    with Store(old) as store:
        full, bare = task_detail(store.tasks.get("full")), task_detail(store.tasks.get("bare"))
    assert full["request_params"] == {
        "analysis_mode": "general",
        "prompt": 'Was ist "das"?',
        "temperature": 0.5,
        "max_tokens": 600,
        "start_time": 0.0,
        "end_time": 1.5,
    }
    assert full["video_source"] == {"type": "asset_id", "asset_id": "a1", "system_metadata": {"duration": 2.0}}
    assert (full["custom_id"], full["status"], full["completed_at"]) == ("row", "ready", "1970-01-01T00:16:41.000Z")
    assert bare["request_params"] == {"analysis_mode": "general", "prompt": "What?"}


def test_tasks_of_the_first_version_can_be_done(old):
    """A task that was under way is queued again, and what it asks can be read with its model."""
    with Store(old) as store:
        assert store.tasks.unfinished() == ["bare"]
        assert Ask.model_validate_json(store.tasks.get("bare").request).model_name == "pegasus1.6"


def test_identity_keys_and_books_of_the_first_version_stay(old):
    """The folder keeps its identity, remembered keys and books, and its tasks their order."""
    with Store(old) as store:
        assert (store.instance_id, store.secret) == ("here", b"hush")
        assert store.tasks.earlier(Key("k", "digest", 60)).task_id == "full"
        assert (store.books().tasks_created, store.books().tasks_by_custom_id) == (3, {"row": 2})
        assert [task.id for task in store.tasks.page(Page(1, 10), TaskFilter())[0]] == ["bare", "full"]


def test_an_old_and_a_new_database_are_alike(old, tmp_path):
    """A database that was brought up to date has the same tables and indexes as a new one."""
    shapes = []
    for path in (old, tmp_path / "new.db"):
        with Store(path):
            pass
        connection = sqlite3.connect(path)
        rows = connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        shapes.append((connection.execute("PRAGMA user_version").fetchone(), json.dumps(rows)))
        connection.close()
    assert shapes[0] == shapes[1]
    assert shapes[0][0] == (len(STEPS),)
