"""The second night: what was uploaded is not uploaded again, what was paid is not paid again."""

import os
from collections import Counter

PROMPT = {"prompt": "Which colours are there?"}


def test_a_new_prompt_uploads_nothing(archive):
    """The same folder with another prompt sends no byte of media, makes no asset, and has a result for each prompt."""
    archive.add(small=3, large=2)
    archive.run()
    before = archive.server.books()
    summary = archive.run("--prompt", PROMPT["prompt"])
    assert (summary["written"], summary["uploaded_bytes"]) == (5, 0)
    requests = archive.server.books().since(before).requests
    assert {name for name in requests if not name.startswith("GET")} == {"POST /analyze/tasks"}
    assert requests["POST /analyze/tasks"] == 5
    results, usage = archive.lines("results.jsonl"), archive.lines("usage.jsonl")
    assert Counter(line["source"] for line in results) == Counter(archive.sources() * 2)
    assert len({line["key"] for line in results}) == 10
    assert len({line["asset_id"] for line in results}) == 5
    assert [(line["upload_bytes"], line["reused"]) for line in usage[5:]] == [(0, "asset")] * 5
    assert all(line["upload_bytes"] > 0 and line["reused"] is None for line in usage[:5])


def test_the_same_run_again_asks_for_nothing(archive):
    """A run over videos that are all done makes no request, costs nothing and changes no output."""
    archive.add(small=3, large=1)
    archive.run()
    results = (archive.out / "results.jsonl").read_bytes()
    before = archive.server.books()
    summary = archive.run()
    assert (summary["already_done"], summary["written"], summary["requests"]) == (4, 0, 0)
    assert archive.server.books() == before
    assert (archive.out / "results.jsonl").read_bytes() == results


def test_a_growing_folder_costs_what_is_new(archive):
    """A run over a folder that has grown uploads and analyses the new videos alone."""
    archive.add(small=3)
    archive.run()
    (new,) = archive.add(large=1)
    summary = archive.run()
    assert (summary["already_done"], summary["written"], summary["uploaded_bytes"]) == (3, 1, new.stat().st_size)
    archive.assert_complete()


def test_equal_content_is_analysed_once(archive):
    """Two files of equal content are one upload and one task, with a result each; the second costs nothing."""
    small, large = archive.add(small=1, large=1)
    for path in (small, large):
        path.with_name(f"copy of {path.name}").write_bytes(path.read_bytes())
    archive.run()
    assert archive.books().tasks_created == 2
    assert archive.books().requests["POST /assets"] == 1
    archive.assert_complete()
    archive.assert_sent_once()
    usage = archive.lines("usage.jsonl")
    assert Counter(line["reused"] for line in usage) == {None: 2, "answer": 2}
    assert [line["cost_usd"] > 0 for line in usage] == [line["reused"] is None for line in usage]
    assert {line["cost_usd"] + line["upload_bytes"] for line in usage if line["reused"]} == {0}


def test_a_copy_that_comes_later_costs_nothing(archive):
    """A copy of a video that is done gets its line from the ledger; the platform is not asked."""
    (video,) = archive.add(small=1)
    archive.run()
    video.with_name("later.mp4").write_bytes(video.read_bytes())
    before = archive.server.books()
    summary = archive.run()
    assert (summary["written"], summary["cost_usd"], summary["requests"]) == (1, 0, 0)
    assert archive.server.books() == before
    archive.assert_complete()


def test_the_second_night_does_not_read_the_archive(archive):
    """A file whose size and modification time are as before is not opened: its remembered identity serves."""
    videos = archive.add(small=2, large=1)
    archive.run()
    identities = Counter(line["content_hash"] for line in archive.lines("results.jsonl"))
    for path in videos:
        found = path.stat()
        path.write_bytes(bytes(found.st_size))
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert archive.run()["already_done"] == 3
    assert archive.run("--prompt", PROMPT["prompt"])["uploaded_bytes"] == 0
    assert Counter(line["content_hash"] for line in archive.lines("results.jsonl")) == identities + identities


def test_an_asset_that_is_gone_is_uploaded_again(archive):
    """An asset that was deleted on the platform between two runs is uploaded again for a new prompt, the others not."""
    videos = archive.add(small=2, large=2)
    archive.run()
    gone = [videos[0], videos[3]]
    for path in gone:
        (asset,) = archive.server.assets(path.name)
        archive.server.ask("DELETE", f"/assets/{asset['_id']}")
    summary = archive.run("--prompt", PROMPT["prompt"])
    assert (summary["written"], summary["failed"]) == (4, 0)
    assert summary["uploaded_bytes"] == sum(path.stat().st_size for path in gone)
    assert all(len(archive.server.assets(path.name)) == 1 for path in videos)
    assert set(archive.books().tasks.values()) == {1}
    assert archive.books().tasks_created == 8


def test_half_a_night_and_its_rest_cost_one_night(server, open_archive):
    """Killed at 50 % and resumed, a run spends what a run without a break spends, by our books and the platform's."""
    broken, whole = (open_archive(server, name, platform={"account": name}) for name in ("broken", "whole"))
    for path in broken.add(small=6, large=2):
        (whole.videos / path.name).write_bytes(path.read_bytes())
    broken.run_killed_after("written", nth=4)
    broken.run()
    broken.assert_complete()
    broken.assert_sent_once(crashes=1)
    before = server.books().tasks_created
    whole.run()
    assert server.books().tasks_created - before == broken_tasks(broken)
    assert spent(broken) == spent(whole)
    assert spent(whole)["cost_usd"] > 0


def broken_tasks(archive) -> int:
    return sum(archive.books().tasks[job["key"]] for job in archive.jobs())


def spent(archive) -> dict[str, float]:
    usage = archive.lines("usage.jsonl")
    names = ("cost_usd", "billed_minutes", "input_tokens", "output_tokens")
    return {name: round(sum(line[name] for line in usage), 6) for name in names}


def test_a_file_that_changed_is_analysed_anew(archive):
    """A file with other content than the night before gets a second line with the new identity; the first one stays."""
    changed, same = archive.add(small=2)
    archive.run()
    before = (archive.out / "results.jsonl").read_bytes()
    (other,) = archive.add(large=1)
    other.replace(changed)
    summary = archive.run()
    assert (summary["already_done"], summary["written"]) == (1, 1)
    assert (archive.out / "results.jsonl").read_bytes().startswith(before)
    lines = archive.lines("results.jsonl")
    assert Counter(line["source"] for line in lines) == {str(changed): 2, str(same): 1}
    assert len({line["content_hash"] for line in lines}) == len({line["task_id"] for line in lines}) == 3
    assert sorted(archive.books().tasks.values()) == [1, 1, 1]
    before = archive.server.books()
    assert archive.run()["already_done"] == 2
    assert archive.server.books() == before
