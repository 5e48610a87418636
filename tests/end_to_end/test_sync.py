"""Delivery `sync`: one request a video, paid once, and never asked again behind anybody's back."""

import signal

import pytest

SYNC = ("--delivery", "sync")
ANALYZE = ("POST", "/analyze$")
ASKS = "POST /analyze"


def answers(archive) -> int:
    return archive.books().requests[ASKS]


def failure(archive) -> dict[str, object]:
    (line,) = archive.lines("failures.jsonl")
    return line


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_every_video_is_answered_in_one_request(archive, stream):
    """Each video has its line from one request without any task; the same command again, in any way, sends nothing."""
    archive.configure(sync={"stream": stream})
    archive.add(small=3, large=1)
    archive.run(*SYNC)
    results = archive.lines("results.jsonl")
    assert sorted(line["source"] for line in results) == archive.sources()
    assert all(line["text"] and line["generation_id"] and line["task_id"] is None for line in results)
    assert [line["outcome"] for line in results] == ["ready"] * 4
    assert all(line["output_tokens"] and line["billed_minutes"] for line in archive.lines("usage.jsonl"))
    assert (answers(archive), archive.books().tasks_created) == (4, 0)
    for again in (archive.run(*SYNC), archive.run()):
        assert (again["already_done"], again["requests"]) == (4, 0)


def test_an_answer_that_was_lost_is_told_and_asked_again_only_on_demand(archive):
    """A connection that breaks fails its video alone; the same command leaves it; `retry` asks again."""
    archive.add(small=3)
    archive.server.fault(*ANALYZE, lose_response=True)
    assert archive.run(*SYNC, code=1)["failed"] == 1
    assert answers(archive) == 3
    assert failure(archive)["code"] == "answer_maybe_lost"
    assert failure(archive)["error"] == "AnswerLost"
    assert "pays again" in failure(archive)["message"]
    archive.run(*SYNC, code=1)
    assert answers(archive) == 3
    archive.run(*SYNC, command="retry")
    assert answers(archive) == 4
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()


def test_a_stream_that_breaks_off_is_no_answer(archive):
    """Half a stream is never written as a result."""
    archive.configure(sync={"stream": True})
    archive.add(small=1)
    archive.server.fault(*ANALYZE, cut_after=3)
    archive.run(*SYNC, code=1)
    assert failure(archive)["code"] == "answer_maybe_lost"
    assert archive.lines("results.jsonl") == []


def test_killed_with_a_question_on_its_way(archive):
    """What a killed run may have paid for is not asked again by the next one, which says so; `retry` does."""
    archive.configure(run={"delivery": "sync"})
    archive.add(small=2)
    archive.run_killed_after("uploaded", intent=True, nth=2)
    before = answers(archive)
    archive.run(code=1)
    codes = {line["code"] for line in archive.lines("failures.jsonl")}
    assert codes == {"answer_maybe_lost"}
    failed = len(archive.lines("failures.jsonl"))
    assert failed in {1, 2}  # the first may have been answered before the second left
    assert answers(archive) <= before + 2 - failed
    archive.run(command="retry")
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()


def test_killed_in_the_middle_of_an_answer(serve, open_archive, wait_until):
    """A kill while the answer arrives costs that one answer at most, and never a second request unasked."""
    server = serve(stream_piece_seconds=0.5)
    archive = open_archive(server, sync={"stream": True}, run={"delivery": "sync"})
    archive.add(small=1)
    with archive.running() as process:
        wait_until(lambda: answers(archive), process)
        process.kill()
        process.wait()
    archive.run(code=1)
    assert failure(archive)["code"] == "answer_maybe_lost"
    assert answers(archive) == 1


def test_killed_with_the_answer_in_the_ledger(archive):
    """An answer that is durable is written by the next run, without a request for it."""
    archive.configure(run={"delivery": "sync"})
    archive.add(small=1)
    archive.run_killed_after("analyzed")
    archive.run()
    assert answers(archive) == 1
    assert len(archive.lines("results.jsonl")) == 1


def test_a_run_that_is_stopped_sees_its_answers_through(serve, open_archive, wait_until):
    """After a signal what is on its way arrives; the next run writes it and asks nothing."""
    server = serve(stream_piece_seconds=0.05)
    archive = open_archive(server, sync={"stream": True}, run={"delivery": "sync"})
    archive.add(small=1)
    with archive.running() as process:
        wait_until(lambda: answers(archive), process)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 4
    archive.run()
    assert answers(archive) == 1
    assert len(archive.lines("results.jsonl")) == 1


@pytest.mark.parametrize(
    ("status", "code", "exit_code"), [(429, "usage_limit_exceeded", 4), (401, "api_key_invalid", 3)]
)
def test_a_refusal_leaves_nothing_to_be_feared_lost(archive, status, code, exit_code):
    """A run that the platform refuses to go on takes its intent back: the next one simply asks."""
    archive.add(small=1)
    archive.server.fault(*ANALYZE, status=status, body={"code": code, "message": "No."})
    archive.run(*SYNC, code=exit_code)
    assert [(job["state"], job["intent"]) for job in archive.jobs()] == [("uploaded", 0)]
    archive.run(*SYNC)
    assert answers(archive) == 2


def test_an_asset_that_is_gone_is_brought_again(archive):
    """A reused asset that the platform has lost is uploaded anew, and then asked of."""
    archive.add(small=1)
    archive.run(*SYNC)
    (asset,) = archive.server.assets("video")[:1]
    archive.server.ask("DELETE", f"/assets/{asset['_id']}")
    archive.run(*SYNC, "--prompt", "And now?")
    assert archive.books().requests["POST /assets"] == 2
    assert len(archive.lines("results.jsonl")) == 2


def test_a_video_that_is_too_long_is_refused_before_it_is_asked_of(archive):
    """No request leaves for it; with delivery task the same asset is asked of."""
    archive.configure(sync={"longest_s": 0.1})
    archive.add(small=1)
    archive.run(*SYNC, code=1)
    line = failure(archive)
    assert (line["error"], line["code"]) == ("SourceRejected", "video_duration_too_long")
    assert "use delivery task" in line["message"]
    assert answers(archive) == 0
    archive.run("--delivery", "task", command="retry")
    assert (answers(archive), archive.books().tasks_created) == (0, 1)


def test_what_the_platform_finds_too_long_keeps_its_asset(serve, open_archive):
    """The platform's own word on the length says nothing against the asset."""
    archive = open_archive(serve(sync_max_s=0.1))
    archive.add(small=1)
    archive.run(*SYNC, code=1)
    assert failure(archive)["code"] == "video_duration_too_long"
    archive.run(command="retry")
    assert archive.books().requests["POST /assets"] == 1
