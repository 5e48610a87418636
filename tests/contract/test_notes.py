"""What the engine observes of an asset is kept beside it, and goes with it."""

import os

import anyio
import psutil
import pytest

pytestmark = pytest.mark.anyio


async def test_an_asset_is_observed_once_and_forgotten_whole(run_platform, video, tmp_path):
    """Questions that come at once wait for the first one's look; the notes go with the asset."""
    notes = tmp_path / "data" / "notes"
    answers = []
    async with run_platform(engine="evidence", inspect_processes=1, analysis_processes=2) as api:
        asset_id = await api.ready_asset(video)

        async def ask(prompt):
            body = {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": prompt, "stream": False}
            answers.append((await api("POST", "/analyze", json=body)).body["data"])

        async with anyio.create_task_group() as group:
            for prompt in ("What happens?", "Which colours are there?", "What happens?"):
                group.start_soon(ask, prompt)
        (note,) = (notes / asset_id).iterdir()
        written = note.stat().st_mtime_ns
        await ask("And now?")
        assert len(answers) == 4
        assert note.stat().st_mtime_ns == written
        await api("DELETE", f"/assets/{asset_id}")
        assert list(notes.iterdir()) == []
        # and so do those that are written later
        asset_id = await api.ready_asset(video)
        body = {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What happens?"}
        task = f"/analyze/tasks/{(await api('POST', '/analyze/tasks', json=body)).body['task_id']}"
        await api.until(task, "processing")
        await api("DELETE", f"/assets/{asset_id}")
        await api.until(task)
        assert list(notes.iterdir()) == []


async def test_nothing_goes_on_when_the_platform_ends(run_platform, video, tmp_path):
    """Whatever is under way then, its process is gone and no half of a note is left; what a kill left goes at start."""
    notes, others = tmp_path / "data" / "notes", psutil.Process().children()
    async with run_platform(engine="evidence") as api:
        asset_id = await api.ready_asset(video)
        media = tmp_path / "data" / "media" / asset_id
        media.unlink()
        os.mkfifo(media)  # whoever looks into the file waits for ever
        body = {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": "What happens?"}
        task_id = (await api("POST", "/analyze/tasks", json=body)).body["task_id"]
        await api.until(f"/analyze/tasks/{task_id}", "processing")
        assert (await api("GET", f"/analyze/tasks/{task_id}")).body["status"] == "processing"
    assert psutil.Process().children() == others
    assert list(notes.iterdir()) == []
    (notes / asset_id).mkdir()
    (notes / asset_id / "whole.json").write_text("{}")
    (notes / asset_id / "whole.4711").write_text("{")
    async with run_platform(engine="echo"):
        assert [path.name for path in (notes / asset_id).iterdir()] == ["whole.json"]
