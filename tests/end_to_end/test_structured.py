"""Structured answers, from the configuration to the result lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cli_world import PROMPT, lines, pipeline, write_videos

FORM = {
    "type": "object",
    "properties": {"summary": {"type": "string"}, "shots": {"type": "integer", "minimum": 0}},
    "required": ["summary", "shots"],
}


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "form.json"
    path.write_text(json.dumps(FORM))
    return path


def settings(folder: Path, **recipe: Any) -> Path:
    path = folder / "settings.yaml"
    path.write_text(json.dumps({"recipe": {"prompt": "What is to be seen?", **recipe}}))
    return path


def test_answers_come_in_the_form_that_was_asked_for(tmp_path: Path, form: Path) -> None:
    """Every line carries the parsed answer beside the text it was parsed from."""
    write_videos(tmp_path / "videos", 2)
    out = tmp_path / "out"
    done = pipeline(
        "run", tmp_path / "videos", *PROMPT, "--platform", "local", "--schema", form, "--out", out, "--json"
    )
    assert done.code == 0, done
    results = lines(out / "results.jsonl")
    assert [(line["valid"], line["validation_error"], list(line["data"])) for line in results] == [
        (True, None, ["summary", "shots"])
    ] * 2
    assert all(json.loads(line["text"]) == line["data"] for line in results)


def test_an_answer_that_was_cut_is_asked_again_and_kept(tmp_path: Path) -> None:
    """An answer that ends in its middle is no JSON: it is asked for again, paid each time, and written as it is."""
    write_videos(tmp_path / "videos", 1)
    out = tmp_path / "out"
    long = {"type": "string", "const": "A dog runs over the beach. " * 200}
    form = {**FORM, "properties": {**FORM["properties"], "story": long}, "required": ["story", "summary", "shots"]}
    config = settings(tmp_path, response_schema=form, max_tokens=512, max_reasks=2)
    done = pipeline("run", tmp_path / "videos", "-c", config, "--platform", "local", "--out", out, "--json")
    assert done.code == 0, done
    (result,) = lines(out / "results.jsonl")
    assert (result["outcome"], result["data"], result["valid"]) == ("truncated", None, False)
    assert result["validation_error"].startswith("not JSON: ")
    assert result["text"]
    (usage,) = lines(out / "usage.jsonl")
    assert usage["output_tokens"] == 3 * 512
    again = pipeline("run", tmp_path / "videos", "-c", config, "--platform", "local", "--out", out, "--json")
    assert (again.summary["already_done"], again.summary["requests"]) == (1, 0)


def test_a_schema_that_the_platform_does_not_take_touches_nothing(tmp_path: Path) -> None:
    """Everything that is wrong with a schema is named at once, before there is even an output folder."""
    write_videos(tmp_path / "videos", 1)
    bad = {**FORM, "additionalProperties": False, "properties": {"summary": {"type": "string", "maxLength": 9}}}
    config = settings(tmp_path, response_schema=bad)
    done = pipeline("run", tmp_path / "videos", "-c", config, "--platform", "local", "--out", tmp_path / "out")
    assert done.code == 2, done
    for place in ("/additionalProperties: ", "/properties/summary/maxLength: ", "/required: "):
        assert f"error: recipe.response_schema: {place}" in done.err
    assert not (tmp_path / "out").exists()


def test_answers_are_judged_again_without_a_platform(tmp_path: Path, form: Path) -> None:
    """`revalidate` mends result lines from the ledger, and says what it found."""
    write_videos(tmp_path / "videos", 2)
    out = tmp_path / "out"
    pipeline("run", tmp_path / "videos", *PROMPT, "--platform", "local", "--schema", form, "--out", out)
    before = (out / "results.jsonl").read_bytes()
    (out / "results.jsonl").write_bytes(before.replace(b'"valid":true', b'"valid":null', 1))
    nowhere = {"PIPELINE_PLATFORM__BASE_URL": "http://127.0.0.1:9"}
    done = pipeline("revalidate", "--out", out, "--json", env=nowhere)
    assert (done.code, done.summary) == (0, {"out": str(out), "valid": 2, "invalid": 0, "changed": 1})
    assert sorted((out / "results.jsonl").read_bytes().splitlines()) == sorted(before.splitlines())
    assert pipeline("revalidate", "--out", out).out == f"{out}: 2 valid, 0 invalid, 0 changed\n"


def test_there_is_nothing_to_judge_where_no_run_has_worked(tmp_path: Path) -> None:
    """Without a ledger it is a configuration error, and no folder appears."""
    done = pipeline("revalidate", "--out", tmp_path / "out")
    assert (done.code, "no ledger" in done.err) == (2, True)
    assert not (tmp_path / "out").exists()
