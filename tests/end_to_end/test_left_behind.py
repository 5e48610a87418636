"""What an earlier run left behind is finished from where it stands, whatever became of its file or asset meanwhile."""

TASK = "/analyze/tasks/[0-9a-f]+$"
TASKS = "/analyze/tasks$"
TASKS_NOW = "/analyze/tasks"


def test_a_look_that_is_refused_is_no_leave_to_pay_again(archive):
    """A task that a proxy would not let us look at is looked at again by `retry`, not created again."""
    archive.add(small=1)
    archive.server.fault("GET", TASK, status=403, body="<html>Forbidden by the proxy</html>")
    archive.server.fault("GET", TASKS, status=403, body="<html>Forbidden by the proxy</html>")
    first = archive.run(code=1)
    assert first["failed"] == 1
    archive.run(command="retry")
    archive.assert_complete()


def test_a_submission_is_looked_for_although_its_asset_is_gone(serve, open_archive, wait_until):
    """A task whose creation was never answered is found and collected, even if its asset was deleted since."""
    archive = open_archive(serve(idempotency_ttl_s=0.000001))
    (video,) = archive.add(small=1)
    archive.configure(retry={"base_s": 1000, "max_s": 1000})
    archive.server.fault("POST", TASKS, lose_response=True)
    with archive.running() as process:
        wait_until(
            lambda: [task["status"] for task in archive.server.ask("GET", TASKS_NOW)["data"]] == ["ready"], process
        )
    archive.configure()
    (asset,) = archive.server.assets(video.name)
    archive.server.ask("DELETE", f"/assets/{asset['_id']}")
    archive.run()
    archive.assert_complete()


def test_a_submitted_video_needs_its_file_no_more(archive):
    """The answer to a submitted video is collected and written although its file was moved away."""
    moved, kept = archive.add(small=2)
    archive.run_killed_after("submitted", nth=2)
    moved.unlink()
    archive.run()
    assert sorted(line["source"] for line in archive.lines("results.jsonl")) == sorted([str(moved), str(kept)])
    assert archive.books().tasks_created == 2


def test_a_file_that_is_away_costs_its_failed_job_nothing(serve, open_archive):
    """A video that failed after its task was created is retried with that task, while its file is away and after."""
    archive = open_archive(serve(analysis_seconds=2), polling={"give_up_s": 0.1, "min_s": 0.05, "first_look_s": 0.05})
    (video,) = archive.add(small=1)
    content = video.read_bytes()
    archive.run(code=1)
    assert [line["code"] for line in archive.lines("failures.jsonl")] == ["task_unfinished"]
    video.rename(archive.out / "away")
    archive.configure()
    archive.run(command="retry")
    assert [line["source"] for line in archive.lines("results.jsonl")] == [str(video)]
    video.write_bytes(content)
    assert archive.books().tasks_created == 1


def test_retry_finishes_what_an_interrupted_run_left(archive):
    """`retry` also drives what was reopened or begun and then left before anything was paid."""
    archive.add(small=2, large=1)
    archive.run_killed_after("uploaded")
    archive.run()
    archive.add(small=1)
    archive.run_killed_after("uploaded")
    archive.run(command="retry")
    archive.assert_complete()
