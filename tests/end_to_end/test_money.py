"""What the network, the platform and the disk may do to a run without costing a second task or a result."""

import json

import pytest

TASKS = "/analyze/tasks$"
ASSETS = "/assets$"
SESSIONS = "/assets/multipart-uploads$"
REPORTS = "/assets/multipart-uploads/[0-9a-f]+$"
CHUNKS = "^/chunks/"

# --- lost answers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("POST", TASKS), ("GET", "/analyze/tasks/[0-9a-f]+$")])
def test_a_lost_answer_about_a_task(archive, method, path):
    """Losing the answer to a task's creation, or to a look at it, creates no second task."""
    archive.add(small=5)
    fault = archive.server.fault(method, path, lose_response=True, times=2)
    archive.run()
    assert archive.server.hits(fault) == 2
    archive.assert_complete()


def test_a_lost_task_is_found_by_its_custom_id(serve, open_archive):
    """Where the platform has forgotten the idempotency key, a task whose creation was not answered is looked for."""
    archive = open_archive(serve(idempotency_ttl_s=0.000001))
    archive.add(small=3)
    creation = archive.server.fault("POST", TASKS, lose_response=True, times=3)
    look = archive.server.fault("GET", TASKS, lose_response=True)
    archive.run()
    assert (archive.server.hits(creation), archive.server.hits(look)) == (3, 1)
    archive.assert_complete()


def test_a_run_killed_between_creation_and_record(serve, open_archive, wait_until):
    """A task that was created for a run which died before it knew is found by the next run, not created again."""
    archive = open_archive(serve(idempotency_ttl_s=0.000001))
    kill_between_creation_and_record(archive, wait_until)
    archive.run()
    assert archive.books().requests["POST /analyze/tasks"] == 1
    archive.assert_complete()


def test_a_task_that_no_list_shows(archive, wait_until):
    """Where the next run cannot see that task yet, it asks again under the same key, which makes no second one."""
    kill_between_creation_and_record(archive, wait_until)
    nothing = {"data": [], "page_info": {"page": 1, "limit_per_page": 50, "total_page": 0, "total_results": 0}}
    look = archive.server.fault("GET", TASKS, status=200, body=nothing)
    archive.run()
    assert archive.server.hits(look) == 1
    assert archive.books().requests["POST /analyze/tasks"] == 2
    archive.assert_complete()


def kill_between_creation_and_record(archive, wait_until) -> None:
    archive.add(small=1)
    archive.configure(retry={"base_s": 1000, "max_s": 1000})  # it never comes to look for itself
    archive.server.fault("POST", TASKS, lose_response=True)
    with archive.running() as process:
        wait_until(lambda: archive.books().tasks_created, process)
    (job,) = archive.jobs()
    assert (job["state"], job["intent"], job["task_id"]) == ("uploaded", 1, None)
    archive.configure()


def test_not_being_able_to_look_is_no_leave_to_pay_again(serve, open_archive):
    """A creation without answer that cannot be looked up fails the video; its retry finds the task."""
    archive = open_archive(serve(idempotency_ttl_s=0.000001), retry={"attempts": 2})
    archive.add(small=1)
    archive.server.fault("POST", TASKS, lose_response=True)
    archive.server.fault("GET", TASKS, status=500, times=2)
    archive.run(code=1)
    (failure,) = archive.lines("failures.jsonl")
    assert failure["error"] == "RetriesExhausted"
    archive.run(command="retry")
    archive.assert_complete()
    assert archive.lines("failures.jsonl") == []


def test_a_lost_answer_to_an_upload(archive):
    """A file whose upload was not answered is found on the platform and does not travel again."""
    (video,) = archive.add(small=1)
    archive.server.fault("POST", ASSETS, lose_response=True)
    archive.run()
    assert len(archive.server.assets(video.name)) == 1
    archive.assert_complete()


def test_a_lost_answer_to_an_opened_session(archive):
    """A session whose opening was not answered is replaced; it never holds a chunk."""
    (video,) = archive.add(large=1)
    archive.server.fault("POST", SESSIONS, lose_response=True)
    archive.run()
    assert sorted(asset["status"] for asset in archive.server.assets(video.name)) == ["processing", "ready"]
    archive.assert_complete()
    archive.assert_sent_once()


def test_lost_answers_to_chunks(archive):
    """Of a file whose chunks were not all answered, only those travel again."""
    archive.add(large=1)
    archive.server.fault("PUT", CHUNKS, lose_response=True, after=2, times=2)
    archive.run()
    archive.assert_complete()
    (chunks,) = archive.books().started.values()
    assert sorted(chunks.values()) == [1] * 8 + [2] * 2


def test_lost_answers_to_reports(archive):
    """A report that was not answered is made again, and no chunk travels for it."""
    archive.add(large=1)
    fault = archive.server.fault("POST", REPORTS, lose_response=True, times=3)
    archive.run()
    assert archive.server.hits(fault) == 3
    archive.assert_complete()
    archive.assert_sent_once()


# --- what expires --------------------------------------------------------------------------------------------------


def test_chunk_urls_that_expire_at_once(archive):
    """Where the platform lets its URLs expire in the middle of an upload, others are asked for."""
    archive.add(large=1)
    archive.server.fault("PUT", CHUNKS, after=3, status=403, body={"code": "url_expired", "message": "Over."}, times=3)
    archive.run()
    archive.assert_complete()
    assert archive.books().requests["POST /assets/multipart-uploads/{upload_id}/presigned-urls"] > 0


def test_chunk_urls_that_live_shortly(serve, open_archive):
    """A URL that expires while its chunk is under way is replaced by a new one, and the chunk is stored once."""
    archive = open_archive(serve(url_ttl_s=1))
    archive.add(large=1)
    fault = archive.server.fault("PUT", CHUNKS, delay_s=1.2, times=2)
    archive.run()
    assert archive.server.hits(fault) == 2
    archive.assert_complete()
    (chunks,) = archive.books().started.values()
    assert sorted(chunks.values()) == [1] * 10


def test_a_session_that_expired(serve, open_archive, wait_until):
    """A session that has expired since the last run is replaced by a new one, and the file goes there as a whole."""
    archive = open_archive(serve(session_ttl_s=1))
    archive.add(large=1)
    archive.run_killed_after("opened")
    (job,) = archive.jobs()
    upload = json.loads(job["upload"])["upload_id"]
    session = f"/assets/multipart-uploads/{upload}"
    wait_until(lambda: archive.server.ask("GET", session)["status"] == "expired", archive.server.process)
    archive.server.kill()
    archive.server.start()
    archive.run()
    archive.assert_complete()
    later = {name: chunks for name, chunks in archive.books().started.items() if name != upload}
    assert [sorted(chunks.values()) for chunks in later.values()] == [[1] * 10]


# --- a platform that is busy, away, or has bad news ----------------------------------------------------------------


def test_429(archive):
    """A 429 with Retry-After and an empty body is waited for wherever it comes, fails nothing and repeats nothing."""
    archive.add(small=2, large=1)
    for path in (ASSETS, SESSIONS, REPORTS, TASKS):
        archive.server.fault("POST", path, status=429, headers={"Retry-After": "1"})
    archive.run()
    assert [archive.server.hits(fault) for fault in range(4)] == [1] * 4
    archive.assert_complete()
    archive.assert_sent_once()


def test_bursts_of_503(archive):
    """A platform that is away for a while at any point of a run costs neither a video nor a second task."""
    archive.add(small=3, large=2)
    for after in range(3, 60, 14):
        archive.server.fault("GET", "", status=503, after=after, times=4)
        archive.server.fault("POST", "", status=503, after=after, times=4)
        archive.server.fault("PUT", "", status=503, after=after, times=4)
    archive.run()
    archive.assert_complete()


def test_the_platform_is_killed_in_the_middle(serve, open_archive, wait_until):
    """When the platform dies and comes back the same run goes on: all results, no second task."""
    archive = open_archive(serve(analysis_seconds=0.3), run={"workers": 4})
    archive.add(small=8, large=4)
    with archive.running() as process:
        for wanted in (3, 7):
            wait_until(lambda wanted=wanted: archive.books().tasks_created >= wanted, process)
            archive.server.kill()
            archive.server.start(analysis_seconds=0.3)
        assert process.wait() == 0
    archive.assert_complete()
    times = [sent for chunks in archive.books().started.values() for sent in chunks.values()]
    assert len(times) == 40
    assert max(times) <= 3


def test_a_task_that_fails(archive):
    """A task that fails is one failed video, exit 1, left alone by the next run and asked anew by `retry`."""
    archive.add(small=3)
    archive.server.outcome(status="failed", message="The model has a headache.")
    archive.run(code=1)
    (failure,) = archive.lines("failures.jsonl")
    assert (failure["error"], failure["attempts"]) == ("TaskFailed", 1)
    assert "headache" in failure["message"]
    assert len(archive.lines("results.jsonl")) == 2
    archive.run(code=1)
    assert archive.books().tasks_created == 3
    archive.run(command="retry")
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == archive.sources()
    assert sorted(archive.books().tasks.values()) == [1, 1, 2]
    assert archive.books().tasks[failure["key"]] == 2
    assert archive.lines("failures.jsonl") == []
    assert [line["cost_usd"] > 0 for line in archive.lines("usage.jsonl")] == [True] * 3


def test_a_task_that_is_to_be_submitted_again(archive):
    """A task that ends with a code that says so is asked for anew within the run, under a new idempotency key."""
    archive.add(small=1)
    archive.server.outcome(status="failed", message="Too long.", code="batch_processing_timeout")
    archive.run()
    assert list(archive.books().tasks.values()) == [2]
    assert [job["attempt"] for job in archive.jobs()] == [2]
    assert len(archive.lines("results.jsonl")) == len(archive.lines("usage.jsonl")) == 1


# --- torn, cut and lost files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["garbage", "half a line"])
def test_a_torn_last_line(archive, kind):
    """Half a line at the end of a file, ours or not, is gone after the next run, and no other line with it."""
    archive.add(small=2)
    archive.run()
    before = {name: (archive.out / name).read_bytes() for name in ("results.jsonl", "usage.jsonl")}
    for name, content in before.items():
        line = content.splitlines()[0]
        tail = line[: len(line) // 2] if kind == "half a line" else b'\x00\xff{"key": "a'
        (archive.out / name).write_bytes(content + tail)
    archive.add(small=1)
    archive.run()
    assert all((archive.out / name).read_bytes().startswith(content) for name, content in before.items())
    archive.assert_complete()


def test_lines_that_the_ledger_does_not_know_yet(archive):
    """Where a crash came between the lines and the record of them, the next run writes none of them twice."""
    archive.add(small=1)
    archive.run_killed_after("analyzed")
    ledger = {path: path.read_bytes() for path in archive.out.glob("ledger.db*")}
    archive.run()
    results = (archive.out / "results.jsonl").read_bytes()
    for path in archive.out.glob("ledger.db*"):
        path.unlink()
    for path, content in ledger.items():
        path.write_bytes(content)
    usage = archive.out / "usage.jsonl"
    usage.write_bytes(usage.read_bytes()[:-20])
    archive.run()
    assert (archive.out / "results.jsonl").read_bytes() == results
    archive.assert_complete()


def test_lost_files_are_made_again(archive):
    """Files that were deleted or cut are made again from the ledger with all their lines, and nothing is asked for."""
    archive.add(small=3)
    archive.run()
    names = ("results.jsonl", "usage.jsonl")
    before = [facts(archive.lines(name)) for name in names]
    for kept_lines in (None, 0, 1):
        for path in map(archive.out.joinpath, names):
            if kept_lines is None:
                path.unlink()
            else:
                path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:kept_lines]))
        assert archive.run()["requests"] == 0
        assert [facts(archive.lines(name)) for name in names] == before
    archive.assert_complete()


def facts(lines: list[dict]) -> list[str]:
    """Lines without order and without the moment of their writing."""
    return sorted(json.dumps({name: value for name, value in line.items() if name != "at"}) for line in lines)
