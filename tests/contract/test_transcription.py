"""`GET /assets/{asset_id}/transcription`: what is spoken in an asset."""

import json

import anyio
import av
import numpy as np
import psutil
import pytest

from pipeline.server.engines.evidence.timeline import Utterance, Word
from pipeline.server.transcriptions import sentences, utterances, words
from scripts.sample_videos import score
from scripts.sample_videos.broadcast import write_sound

pytestmark = pytest.mark.anyio

SENTENCE = "the quick brown fox jumps over the lazy dog"


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    """One sentence, and a black picture."""
    path = tmp_path_factory.mktemp("spoken") / "spoken.mp4"
    quiet = np.zeros(score.RATE // 2, np.float32)
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=10, width=360, height=360, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=score.RATE, layout="mono")
        for _ in range(30):
            frame = av.VideoFrame.from_ndarray(np.zeros((360, 360, 3), np.uint8), "rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        write_sound(container, sound, np.concatenate([quiet, score.speech(SENTENCE), quiet]))
    return path


async def until_done(api, path):
    with anyio.fail_after(60):
        while (body := (await api("GET", path)).body)["status"] == "processing":
            await anyio.sleep(0.05)
    return body


async def test_what_is_spoken_is_told_and_the_package_reads_it(api, sdk, spoken):
    """The words come one by one, or in whole stretches, as many lists as are asked for, and stay the same."""
    asset_id = await api.ready_asset(spoken)
    with anyio.fail_after(60):
        while (told := await sdk("assets.retrieve_transcription", asset_id)).status == "processing":
            await anyio.sleep(0.05)
    assert (told.status, told.sentences, told.utterances) == ("ready", None, None)
    found = [word.value for word in told.words]
    assert len(set(found) & set(SENTENCE.split())) >= 6
    assert all(0 <= word.start < word.end <= 6 for word in told.words)
    both = await sdk("assets.retrieve_transcription", asset_id, include=["sentences", "utterances"])
    assert (both.words, " ".join(one.value for one in both.sentences)) == (None, " ".join(found))
    assert [(one.value, one.speaker) for one in both.utterances] == [(one.value, None) for one in both.sentences]


async def test_an_asset_is_listened_to_once(run_platform, spoken, tmp_path):
    """Many who ask at once wait for one observation; after a restart the notes tell what is spoken.

    So it is where answers leave speech out.
    """
    runs = tmp_path / "data" / "notes"
    async with run_platform(analysis_processes=2, tracks=["visuals"]) as api:
        asset_id = await api.ready_asset(spoken)
        path = f"/assets/{asset_id}/transcription"
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(until_done, api, path)
        told = (await api("GET", path)).body
        (note,) = (runs / asset_id).iterdir()
        note.write_text(json.dumps(json.loads(note.read_text()) | {"speech": []}))
        assert (await api("GET", path)).body == told
    async with run_platform() as api:
        assert await until_done(api, path) == {"status": "ready", "words": []}
        assert (await api("DELETE", f"/assets/{asset_id}")).status == 200
        assert (await api("GET", path)).status == 404
        assert list(runs.iterdir()) == []


async def test_what_failed_is_tried_again_where_that_may_help(run_platform, spoken, tmp_path):
    """A worker that died is told once, and who asks later has it tried anew; of a broken file the verdict stands."""
    async with run_platform() as api:
        asset_id, broken = [await api.ready_asset(spoken) for _ in range(2)]
        path, others = f"/assets/{asset_id}/transcription", set(psutil.Process().children())
        assert (await api("GET", path)).body == {"status": "processing"}
        (worker,) = set(psutil.Process().children()) - others
        worker.kill()
        told = await until_done(api, path)
        assert (told["status"], "SIGKILL" in told["error"]["message"]) == ("failed", True)
        assert (await until_done(api, path))["status"] == "ready"
        path, file = f"/assets/{broken}/transcription", tmp_path / "data" / "media" / broken
        file.write_text("no video")
        told = await until_done(api, path)
        assert (told["status"], "cannot be read" in told["error"]["message"]) == ("failed", True)
        file.write_bytes(spoken.read_bytes())
        assert (await api("GET", path)).body == told


async def test_states_without_a_transcription(run_platform, video, tmp_path):
    """What is not ready is pending, what failed has failed with its reason, what has no sound has no transcription."""
    async with run_platform() as api:
        silent = await api.ready_asset(video)
        reply = await api("GET", f"/assets/{silent}/transcription")
        assert (reply.status, reply.body["code"], "no sound" in reply.body["message"]) == (
            404,
            "resource_not_exist",
            True,
        )
        (tmp_path / "text.mp4").write_text("no video")
        failed = (await api.upload(tmp_path / "text.mp4"))["_id"]
        await api.until(f"/assets/{failed}", "failed")
        reply = await api("GET", f"/assets/{failed}/transcription")
        assert (reply.status, reply.body["status"], bool(reply.body["error"]["message"])) == (200, "failed", True)
        assert (await api("GET", "/assets/0/transcription")).status == 404
    async with run_platform(asset_seconds=3600) as api:
        waiting = (await api.upload(video))["_id"]
        reply = await api("GET", f"/assets/{waiting}/transcription")
        assert (reply.status, reply.body) == (200, {"status": "pending"})


async def test_lists_are_named_in_either_way(api):
    """Values are repeated, or stand in one between commas; an unknown one is refused."""
    waiting = (await api.session(10))["asset_id"]
    for query in ("include=words&include=utterances", "include=words,utterances"):
        assert (await api("GET", f"/assets/{waiting}/transcription?{query}")).status == 200
    reply = await api("GET", f"/assets/{waiting}/transcription?include=letters")
    assert (reply.status, "letters" in reply.body["message"]) == (400, True)


def test_speech_that_was_not_understood_is_quoted_nowhere():
    """It is an utterance with an empty value, so that it is known that somebody speaks, and no word or sentence."""
    known = Utterance(1, 2, 0.9, True, "hello there", (Word(1, 1.5, 0.9, "hello"), Word(1.5, 2, 0.9, "there")))
    speech = (known, Utterance(3, 4, 0.2, False, "", ()))
    assert [one["value"] for one in words(speech)] == ["hello", "there"]
    assert sentences(speech) == [{"start": 1, "end": 2, "value": "hello there"}]
    assert [(one["start"], one["value"]) for one in utterances(speech)] == [(1, "hello there"), (3, "")]
