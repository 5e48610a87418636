"""A run over the embedded platform whose engine is a model at an endpoint of one's own."""

from pathlib import Path
from typing import Any

from tests.chat_completions import endpoint, problem_of, words
from tests.end_to_end.cli_world import KEY, PROMPT, lines, pipeline, write_videos

OWN = {"PIPELINE_SERVER__ENGINE": "openai", "PIPELINE_SERVER__OPENAI__MODEL": "seer", "OPENAI_API_KEY": KEY}


def run(folder: Path, url: str, **env: str) -> Any:
    arguments = ("run", folder / "videos", *PROMPT, "--platform", "local", "--out", folder / "out", "--json")
    return pipeline(*arguments, env={**OWN, "PIPELINE_SERVER__OPENAI__BASE_URL": url, **env})


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_model_answers_the_videos_of_a_run(tmp_path: Path) -> None:
    """Its words and its figures are in the results; the key reaches the endpoint and nothing else."""
    write_videos(tmp_path / "videos", 2)
    with endpoint(lambda _: "A grey square.") as stub:
        done = run(tmp_path, stub.url)
    assert done.code == 0, done
    results = lines(tmp_path / "out" / "results.jsonl")
    assert [line["text"] for line in results] == ["A grey square."] * 2
    used = lines(tmp_path / "out" / "usage.jsonl")
    assert [(line["input_tokens"], line["output_tokens"]) for line in used] == [(100, 7)] * 2
    assert all(PROMPT[1] in words(body) for body in stub.asked)
    assert set(stub.keys) == {f"Bearer {KEY}"}
    assert KEY.encode() not in done.out.encode() + done.err.encode() + everything_in(tmp_path)


def test_a_refused_key_fails_the_video_and_is_not_shown(tmp_path: Path) -> None:
    """The reason names the variable to set, and never the key."""
    write_videos(tmp_path / "videos", 1)
    with endpoint(lambda _: problem_of(401, f"Incorrect API key provided: {KEY}")) as stub:
        done = run(tmp_path, stub.url, PIPELINE_SERVER__OPENAI__EVIDENCE="false")
    assert done.code != 0
    kept = done.out + done.err
    assert "OPENAI_API_KEY" in kept + everything_in(tmp_path / "out").decode(errors="replace")
    assert KEY.encode() not in kept.encode() + everything_in(tmp_path)


def test_an_answer_that_broke_off_is_kept_as_incomplete(tmp_path: Path) -> None:
    """What was shown so far is there, with the reason why it ends; nothing takes it for the whole of an answer."""
    (film,) = write_videos(tmp_path / "videos", 1)
    own = {**OWN, "PIPELINE_SERVER__OPENAI__EVIDENCE": "false"}
    with endpoint(lambda _: {"content": "A grey squ", "breaks": "out of memory"}) as stub:
        arguments = ("ask", film, PROMPT[1], "--platform", "local", "--out", tmp_path / "out")
        done = pipeline(*arguments, env={**own, "PIPELINE_SERVER__OPENAI__BASE_URL": stub.url})
    (result,) = lines(tmp_path / "out" / "results.jsonl")
    assert (result["text"], result["outcome"], result["finish_reason"]) == ("A grey squ", "incomplete", None)
    assert "broke off" in result["warning"]
    assert "out of memory" in result["warning"]
    assert (done.out, result["warning"] in done.err) == ("A grey squ\n", True)
