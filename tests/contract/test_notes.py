"""What the engine observes of an asset is kept beside it, and goes with it."""

import anyio
import psutil
import pytest

pytestmark = pytest.mark.anyio


async def test_an_asset_is_observed_once_and_forgotten_whole(run_platform, video, tmp_path):
    """Questions that come at once wait for the first one's look; the notes go with the asset."""
    notes = tmp_path / "data" / "notes"
    answers, others = [], len(psutil.Process().children())
    async with run_platform(engine="evidence", inspect_processes=1, analysis_processes=2) as api:
        asset_id = await api.ready_asset(video)

        async def ask(prompt):
            body = {"video": {"type": "asset_id", "asset_id": asset_id}, "prompt": prompt, "stream": False}
            answers.append((await api("POST", "/analyze", json=body)).body["data"])

        async with anyio.create_task_group() as group:
            for prompt in ("What happens?", "Which colours are there?", "What happens?"):
                group.start_soon(ask, prompt)
        # one process inspected the upload, one observed it: another would have started if they had not waited
        assert len(psutil.Process().children()) - others == 2
        (note,) = (notes / asset_id).iterdir()
        written = note.stat().st_mtime_ns
        await ask("And now?")
        assert len(answers) == 4
        assert note.stat().st_mtime_ns == written
        await api("DELETE", f"/assets/{asset_id}")
        assert list(notes.iterdir()) == []
