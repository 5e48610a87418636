"""What is remembered, and what survives."""

import sqlite3
from dataclasses import replace

import pytest

from pipeline.errors import ConfigError
from pipeline.server.files import Files, Writing
from pipeline.server.paging import Page
from pipeline.server.store import Store
from pipeline.server.store.assets import NewAsset, new_id
from pipeline.server.store.tasks import Key, NewTask, TaskFilter

ASSET = NewAsset(id="a" * 24, method="direct", filename="film.mp4", file_type="video/mp4", kind="video")
TASK = NewTask(
    id="b" * 24,
    custom_id="c",
    batch_id=None,
    source="asset_id",
    asset_id=ASSET.id,
    video_url=None,
    mode="general",
    request='{"prompt":"What?"}',
    duration=2.0,
)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "platform.db") as opened:
        yield opened


def test_identity_and_secret_stay(tmp_path):
    """A data folder keeps its instance id and its signing secret; another folder has others."""
    with Store(tmp_path / "one.db") as store:
        first = (store.instance_id, store.secret)
    with Store(tmp_path / "one.db") as store:
        assert (store.instance_id, store.secret) == first
    with Store(tmp_path / "two.db") as store:
        assert store.instance_id != first[0]


def test_a_database_of_another_version_is_refused(tmp_path):
    """A database with an unknown schema is refused with a sentence, and not changed."""
    connection = sqlite3.connect(tmp_path / "platform.db")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(ConfigError, match="schema 99"):
        Store(tmp_path / "platform.db").__enter__()


def test_ids_look_like_the_platforms():
    """Ids have 24 hex digits and do not repeat."""
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(bytes.fromhex(one)) == 12 for one in ids)


def test_only_whole_or_fetchable_assets_are_taken_up_again(store):
    """After a restart received files and URLs are worked on, uploads under way are not."""
    for name, changes in {
        "whole": {"received": True},
        "partial": {"method": "multipart"},
        "url": {"method": "url", "url": "http://x/y"},
    }.items():
        store.assets.add(replace(ASSET, id=name, **changes))
    assert [asset.id for asset in store.assets.unfinished()] == ["whole", "url"]


def test_the_last_report_completes_an_upload(store):
    """A session is complete with its last chunk, in one step with its asset."""
    upload = store.uploads.add(replace(ASSET, method="multipart"), 2500, 1000, ttl_s=60)
    for index in (1, 2, 3):
        store.uploads.chunk_started(upload.id, index)
        store.uploads.chunk_stored(upload.id, index, f"etag{index}")
    store.uploads.report(upload, [3, 1])
    assert (store.uploads.get(upload.id).status, store.uploads.reported(upload)) == ("active", (2, 1500))
    store.uploads.report(upload, [2])
    assert (store.uploads.get(upload.id).status, store.uploads.reported(upload)) == ("completed", (3, 2500))
    assert store.assets.get(ASSET.id).received


def test_a_chunk_begun_again_no_longer_counts(store):
    """When a second transfer of a chunk begins, the first one's proof is void until the second is whole."""
    upload = store.uploads.add(ASSET, 2500, 1000, ttl_s=60)
    store.uploads.chunk_started(upload.id, 1)
    store.uploads.chunk_stored(upload.id, 1, "etag")
    store.uploads.chunk_started(upload.id, 1)
    chunk = store.uploads.chunks(upload.id, 1, 1)[1]
    assert (chunk.etag, chunk.started, chunk.stored) == (None, 2, 1)


def test_the_books_remember_deleted_tasks(store):
    """Every task ever created is in the books, also after its deletion."""
    store.tasks.add(TASK, None)
    store.tasks.delete(TASK.id)
    assert store.tasks.page(Page(1, 10), TaskFilter()) == ([], 0)
    assert (store.books().tasks_created, store.books().tasks_by_custom_id) == (1, {"c": 1})


def test_unfinished_tasks_are_queued_again_in_order(store):
    """After a restart tasks that had begun are `queued` again, oldest first; ended ones are left alone."""
    for number in range(4):
        store.tasks.add(replace(TASK, id=str(number)), None)
    store.tasks.pending("1")
    store.tasks.processing("0")
    store.tasks.end("2", "ready", "{}")
    assert store.tasks.unfinished() == ["0", "1", "3"]
    assert store.tasks.get("0").status == "queued"


def test_the_first_end_of_a_task_stays(store):
    """A task that was canceled is not taken up, finished or failed afterwards, whatever comes late."""
    store.tasks.add(TASK, None)
    assert store.tasks.end(TASK.id, "canceled", error="{}")
    ended = store.tasks.get(TASK.id)
    assert not store.tasks.pending(TASK.id)
    assert not store.tasks.processing(TASK.id)
    assert not store.tasks.end(TASK.id, "ready", "{}")
    assert store.tasks.get(TASK.id) == ended


def test_tasks_are_listed_by_their_mode(store):
    """The filter by analysis mode tells segment tasks from general ones."""
    store.tasks.add(TASK, None)
    store.tasks.add(replace(TASK, id="segments", mode="time_based_metadata"), None)
    for mode, ids in {"general": [TASK.id], "time_based_metadata": ["segments"], None: ["segments", TASK.id]}.items():
        listed, total = store.tasks.page(Page(1, 10), TaskFilter(analysis_mode=mode))
        assert ([task.id for task in listed], total) == (ids, len(ids))


def test_a_key_and_its_task_are_one_step(store):
    """A key seen before gives the first task back and adds none."""
    key = Key("k", "digest", 60)
    assert store.tasks.add(TASK, key) is None
    earlier = store.tasks.add(replace(TASK, id="other"), key)
    assert (earlier.task_id, earlier.is_same_request) == (TASK.id, True)
    assert store.tasks.add(replace(TASK, id="other"), replace(key, digest="x")).is_same_request is False
    assert store.tasks.get("other") is None


def test_litter_is_swept(tmp_path):
    """Opening a folder removes files that belong to no asset or task, and bodies that never became whole."""
    with Files(tmp_path) as files:
        for path in (files.media("kept"), files.media("lost"), files.task_media("lost"), files.incoming()):
            path.write_bytes(b"x")
        files.sweep(["kept"], [])
    assert [path.name for path in sorted(tmp_path.rglob("*")) if path.is_file()] == ["lock", "kept"]


def test_a_body_lands_at_its_offset(tmp_path):
    """Blocks of any size are written in order at the offset, and the digest depends on them alone."""
    path = tmp_path / "file"
    path.write_bytes(bytes(10))
    with Writing(path, 3) as writing:
        for block in (b"ab", b"", b"cd"):
            writing.take(block)
    with Writing(tmp_path / "other") as other:
        for block in [b"abcd"[n : n + 1] for n in range(4)]:
            other.take(block)
    assert path.read_bytes() == bytes(3) + b"abcd" + bytes(3)
    assert (writing.etag, writing.size) == (other.etag, 4)
