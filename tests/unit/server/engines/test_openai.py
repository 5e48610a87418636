"""The engine that has a model of one's own answer, against an endpoint that checks every request."""

import io
import json
import pickle
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from aiohttp import web
from pydantic import SecretStr

from pipeline.config import OpenAISettings
from pipeline.server.engines import Answer, EngineError, EngineImage, EngineRequest, OnPiece, SegmentQuestion, openai
from pipeline.server.engines.answers.noted import note
from pipeline.server.engines.evidence.hearing import recogniser
from pipeline.server.engines.evidence.senses import ALL, Senses
from pipeline.server.engines.evidence.timeline import VERSION, Line, Media, Timeline, Utterance, Word
from pipeline.server.engines.openai import heard, messages
from pipeline.server.engines.openai.forms import Form
from pipeline.server.engines.openai.frames import choose, sample
from pipeline.server.engines.openai.stretches import merge
from pipeline.server.engines.tokens import count_tokens
from scripts.sample_videos.film import PALETTE
from tests.chat_completions import Endpoint, Say, completion, endpoint, jpegs, problem_of, words

from .conftest import WriteStill, encode_pictures

KEY = "sk-DISTINCTIVE"
SHOTS = ("red", "green", "blue")
FORM = {
    "type": "object",
    "properties": {
        "title": {"type": "string"},
        "at": {"type": "timestamp", "format": "hh:mm:ss"},
        "note": {"type": "string"},
    },
    "required": ["title", "at"],
}
GOOD = {"title": "Red", "at": "00:00:01", "note": None}


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three shots of two seconds."""
    stills = [np.full((360, 360, 3), PALETTE[name], np.uint8) for name in SHOTS]
    path = tmp_path_factory.mktemp("openai") / "made.mp4"
    return encode_pictures(path, ((number / 25, stills[number // 50]) for number in range(150)))


def ask(stub: Endpoint, request: EngineRequest, on_piece: OnPiece | None = None, **settings: Any) -> Answer:
    """As a worker does it: the engine with its settings has been pickled."""
    given = {"base_url": stub.url, "model": "seer", "backoff_s": 0.01, "retries": 2, "evidence": False, **settings}
    key, senses = given.pop("api_key", None), given.pop("senses", ALL)
    whole = OpenAISettings(**given).model_copy(update={"api_key": key and SecretStr(key)})
    engine = pickle.loads(pickle.dumps(partial(openai.analyze, whole, senses=senses)))
    return engine(request, on_piece)


def in_turn(*sayings: Any) -> Say:
    left = list(sayings)
    return lambda _: left.pop(0)


def refused(say: Say, request: EngineRequest, **settings: Any) -> tuple[str, Endpoint]:
    with endpoint(say) as stub, pytest.raises(EngineError) as caught:
        ask(stub, request, **settings)
    return str(caught.value), stub


def colour(jpeg: bytes) -> np.ndarray:
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").mean((0, 1))


def times(body: dict[str, Any]) -> list[float]:
    return [float(found) for found in re.findall(r"Frame at ([\d.]+) s:", words(body))]


def test_a_question_is_answered_from_a_frame_of_every_shot(video: Path) -> None:
    """The model is shown each shot under its time, and its words and its endpoint's figures come back."""
    with endpoint(lambda _: "Three colours.") as stub:
        told = ask(stub, EngineRequest(video, "What is shown?", 50, temperature=0.3), max_frames=3)
    assert told == Answer("Three colours.", "stop", 100, 7)
    (body,) = stub.asked
    assert (body["model"], body["max_tokens"], body["temperature"]) == ("seer", 50, 0.3)
    assert "What is shown?" in words(body)
    assert times(body) == pytest.approx([1, 3, 5], abs=0.05)
    for jpeg, name in zip(jpegs(body), SHOTS, strict=True):
        assert np.abs(colour(jpeg) - PALETTE[name]).max() < 12
    assert stub.keys == [None]


def test_only_the_window_is_shown(video: Path) -> None:
    """Frames come from the window alone, as many as its length and the budget allow."""
    with endpoint(lambda _: "ok") as stub:
        ask(stub, EngineRequest(video, "What?", None, start_s=2.5, end_s=5.0))
    assert times(stub.asked[0])
    assert all(2.5 <= at_s <= 5.0 for at_s in times(stub.asked[0]))
    assert "max_tokens" not in stub.asked[0]


@pytest.mark.parametrize(
    ("budget", "count"), [({"request_tokens": 256}, 1), ({"max_frames": 2}, 2), ({"request_tokens": 1000}, 3)]
)
def test_frames_keep_to_the_budget(video: Path, budget: dict[str, int], count: int) -> None:
    """No more is sent than the settings allow, in number, tokens and pixels."""
    with endpoint(lambda _: "ok") as stub:
        ask(stub, EngineRequest(video, "What?", None), frame_pixels=32_000, pixels_per_token=128, **budget)
    assert len(jpegs(stub.asked[0])) == count
    with av.open(io.BytesIO(jpegs(stub.asked[0])[0]), format="jpeg_pipe") as container:
        frame = next(container.decode(video=0))
    assert frame.width * frame.height <= 32_000


def test_frames_are_spread_over_the_shots() -> None:
    """Each shot has one while the budget lasts; the rest goes where frames are farthest apart."""
    assert choose([(0, 2), (2, 12)], 3, 1) == [1, 4.5, 9.5]
    assert choose([(0, 1), (1, 2)], 9, 1) == [0.5, 1.5]
    assert choose([(second, second + 1) for second in range(100)], 4, 1) == [12.5, 37.5, 62.5, 87.5]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """What was observed in the video before: a sentence in either half, mumbling, a title, a clock."""
    words = tuple(
        Word(0.5 + number / 4, 0.75 + number / 4, 0.9, text) for number, text in enumerate(["go", "on", "red"])
    )
    box = (0.1, 0.1, 0.5, 0.2)
    timeline = Timeline(
        VERSION,
        Media(6.0, 0.0, 360, 360, 25.0, 0, "h264", "aac", 1),
        0.0,
        6.0,
        speech_by=recogniser(None),
        speech=(
            Utterance(0.5, 1.25, 0.9, True, "go on red", words),
            Utterance(2.1, 2.6, 0.2, False, "", ()),
            Utterance(4.5, 5.5, 0.9, True, "stop", (Word(4.5, 5.5, 0.9, "stop"),)),
        ),
        text=(
            Line(2.0, 4.0, 0.99, "GREEN HILLS", "title", box, 30, 5),
            Line(0.0, 6.0, 0.99, "10:00:00", "timecode", box, 30, 5),
        ),
    )
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "whole.json").write_text(json.dumps(timeline.to_json()))
    return folder


def test_what_is_said_and_written_goes_along(video: Path, notes: Path) -> None:
    """Lines with their times stand before the frames, of the window alone; what was not understood is not quoted."""
    with endpoint(lambda _: "ok") as stub:
        told = ask(stub, EngineRequest(video, "What?", None, notes=notes), evidence=True)
        ask(stub, EngineRequest(video, "What?", None, notes=notes, start_s=3), evidence=True)
        ask(stub, EngineRequest(video, "What?", None, notes=notes), evidence=False)
    whole, part, without = (re.findall(r"^([\d.]+ to [\d.]+ s: .*)$", words(body), re.MULTILINE) for body in stub.asked)
    assert whole == [
        '0.500 to 1.250 s: somebody says "go on red"',
        '2.000 to 4.000 s: text on screen "GREEN HILLS"',
        "2.100 to 2.600 s: somebody speaks, not understood",
        '4.500 to 5.500 s: somebody says "stop"',
    ]
    assert part == ['3.000 to 4.000 s: text on screen "GREEN HILLS"', '4.500 to 5.500 s: somebody says "stop"']
    assert (without, told.warning) == ([], None)


def test_a_window_with_an_open_end_is_observed_once(video: Path, tmp_path: Path) -> None:
    """What was noted before the question is put is what the model is told of."""
    senses = Senses(("text",))
    request = EngineRequest(video, "What?", None, notes=tmp_path / "notes", start_s=5)
    note(request, senses)
    before = (tmp_path / "notes" / "5000-.json").stat().st_mtime_ns
    with endpoint(lambda _: "ok") as stub:
        ask(stub, request, evidence=True, senses=senses)
    assert [(each.name, each.stat().st_mtime_ns) for each in (tmp_path / "notes").iterdir()] == [("5000-.json", before)]


def test_each_window_is_told_of_its_own(video: Path, notes: Path) -> None:
    """A long video is observed once, and each part goes along with its part of it."""
    with endpoint(lambda _: "ok") as stub:
        ask(stub, EngineRequest(video, "What?", None, notes=notes), evidence=True, window_s=3)
    assert sorted(("go on red" in words(body), '"stop"' in words(body)) for body in stub.asked[:2]) == [
        (False, True),
        (True, False),
    ]


def test_lines_keep_to_the_budget() -> None:
    """Where there are too many they are passed over evenly, it is said how many, and nothing is left of no room."""
    found = [f'{second}.000 to {second}.500 s: somebody says "word number {second}"' for second in range(200)]
    for room in (0, 60, 400, 100_000):
        text = heard.told(found, room)
        assert count_tokens(text) <= room
        kept = text.splitlines()[1:]
        assert (len(kept) == 200) == (room == 100_000)
        assert (f"({200 - len(kept)} more are left out)" in text) == (0 < len(kept) < 200)
    assert heard.told([], 100) == ""


def test_lines_leave_room_for_frames(video: Path, notes: Path) -> None:
    """All that is sent keeps to the budget of a request."""
    with endpoint(lambda _: "ok") as stub:
        ask(
            stub,
            EngineRequest(video, "What?", None, notes=notes),
            evidence=True,
            frame_pixels=32_000,
            pixels_per_token=128,
            request_tokens=1200,
        )
    (body,) = stub.asked
    said = count_tokens(messages.RULES + words(body))
    assert "GREEN HILLS" in words(body)
    assert len(jpegs(body)) >= 1
    assert said + 250 * len(jpegs(body)) <= 1200


def test_an_observation_that_fails_is_no_failure_of_the_answer(video: Path, notes: Path) -> None:
    """The frames are asked about all the same, and the answer carries a warning."""
    (notes / "whole.json").unlink()
    (notes / "whole.json").mkdir()
    for request in (
        EngineRequest(video, "What?", None, notes=notes),
        EngineRequest(video, "", None, notes=notes, segments=SEGMENTS),
    ):
        with endpoint(lambda body: '{"shot": []}' if "response_format" in body else "ok") as stub:
            told = ask(stub, request, evidence=True)
        assert "not told what is said and written" in (told.warning or "")
        assert len(jpegs(stub.asked[0])) >= 3


def test_reference_pictures_go_along_by_name(video: Path, write_still: WriteStill) -> None:
    """A picture that the prompt names is shown under that name, before the video's frames."""
    images = (EngineImage("logo", write_still("red")),)
    with endpoint(lambda _: "At 1 s.") as stub:
        ask(stub, EngineRequest(video, "Where is <@logo>?", None, images=images), max_frames=3)
    assert words(stub.asked[0]).startswith("<@logo>:")
    assert len(jpegs(stub.asked[0])) == 4


def test_pictures_alone_are_asked_about(write_still: WriteStill) -> None:
    """Without a video the pictures are all that is shown."""
    images = tuple(EngineImage(name, write_still(name)) for name in SHOTS)
    with endpoint(lambda _: "Colours.") as stub:
        assert ask(stub, EngineRequest(None, "Compare", None, images=images)).text == "Colours."
    assert len(jpegs(stub.asked[0])) == 3
    assert not times(stub.asked[0])


def test_a_structured_answer_keeps_to_the_schema(video: Path) -> None:
    """The form goes along strictly; what strictness made null is left out of the answer."""
    with endpoint(lambda _: json.dumps(GOOD)) as stub:
        told = ask(stub, EngineRequest(video, "Title?", None, json_schema=FORM))
    assert json.loads(told.text) == {"title": "Red", "at": "00:00:01"}
    assert stub.asked[0]["response_format"]["json_schema"]["strict"] is True


def test_an_invalid_answer_is_repaired_once(video: Path) -> None:
    """The model is told what is wrong, and both attempts count."""
    with endpoint(in_turn('{"title": 3}', json.dumps(GOOD))) as stub:
        told = ask(stub, EngineRequest(video, "Title?", None, json_schema=FORM))
    assert (json.loads(told.text)["title"], told.input_tokens, told.output_tokens) == ("Red", 200, 7)
    assert "not valid" in stub.asked[1]["messages"][-1]["content"]


def test_a_hopeless_answer_fails_with_its_reason(video: Path) -> None:
    """After two invalid answers the analysis fails, and nothing more is paid."""
    for hopeless in ("I would rather not.", "[" * 100_000):
        said, stub = refused(lambda _, text=hopeless: text, EngineRequest(video, "Title?", None, json_schema=FORM))
        assert "in two attempts" in said
        assert len(stub.asked) == 2


def test_an_answer_cut_by_its_limit_says_so(video: Path) -> None:
    """What there is comes back with finish_reason length and a warning, and is not asked for again."""
    with endpoint(lambda _: {"content": '{"title": "R', "finish_reason": "length"}) as stub:
        told = ask(
            stub, EngineRequest(video, "Title?", 7, json_schema=FORM), max_tokens_parameter="max_completion_tokens"
        )
    assert (told.text, told.finish_reason) == ('{"title": "R', "length")
    assert "max_tokens (7)" in (told.warning or "")
    assert stub.asked[0]["max_completion_tokens"] == 7
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("schema", "said", "content"),
    [
        ({"type": "array", "items": {"type": "integer"}}, '{"answer": [1]}', [1]),
        ({"type": "array", "items": {"type": "integer"}}, "```json\n[1]\n```", [1]),
        (
            {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}}}}},
            '{"answer": {"n": {"n": null}}}',
            {"n": {}},
        ),
        (
            {
                "type": "object",
                "properties": {"a": {"anyOf": [{"type": "null"}, {"type": "string"}]}},
                "required": ["a"],
            },
            '{"a": null}',
            {"a": None},
        ),
    ],
)
def test_every_form_travels_inside_an_object_and_back(schema: dict[str, Any], said: str, content: Any) -> None:
    """Lists, references and nulls that the schema itself allows arrive as they were asked for."""
    assert Form(schema).read(said) == content


SEGMENTS = SegmentQuestion(
    (
        {
            "id": "shot",
            "description": "Every shot",
            "fields": [{"name": "colour", "type": "string", "description": "c"}],
        },
    ),
    "hh:mm:ss.fff",
)


def row(start_s: float, end_s: float, **metadata: Any) -> dict[str, Any]:
    return {"start_time": start_s, "end_time": end_s, "metadata": metadata}


def test_segments_keep_their_rules(video: Path) -> None:
    """They lie in the window, in order and without overlaps, with boundaries as asked and fields of the definition."""
    given = [row(1.5, 4, colour="green"), row(-3, 2, colour="red"), row(5, 99, colour="blue"), row(50, 60, colour="x")]
    with endpoint(lambda _: json.dumps({"shot": given})) as stub:
        told = ask(stub, EngineRequest(video, "", None, segments=SEGMENTS))
    assert [
        (each["start_time"], each["end_time"], each["metadata"]["colour"]) for each in json.loads(told.text)["shot"]
    ] == [
        ("00:00:00.000", "00:00:02.000", "red"),
        ("00:00:02.000", "00:00:04.000", "green"),
        ("00:00:05.000", "00:00:06.000", "blue"),
    ]
    assert len(stub.asked) == 1


def test_segments_of_a_long_video_are_joined_where_only_a_seam_divides_them() -> None:
    """What is said alike on both sides is one segment, what differs stays two; lengths and time ranges hold."""
    definition = {"id": "shot", "time_ranges": [{"start_time": 5, "end_time": 40}]}
    parts = [
        ((0, 20), [row(0, 12, of="a"), row(12, 20, of="b")]),
        ((20, 40), [row(20, 26, of="b"), row(26, 27, of="c"), row(30, 40, of="d")]),
    ]
    asked = SegmentQuestion((definition,), min_duration_s=2, max_duration_s=8)
    assert [
        (each["start_time"], each["end_time"], each["metadata"]["of"]) for each in merge(definition, asked, parts)
    ] == [
        (5, 12, "a"),
        (12, 19, "b"),
        (19, 26, "b"),
        (30, 35, "d"),
        (35, 40, "d"),
    ]


def test_segments_that_were_cut_fail(video: Path) -> None:
    """Part of the segments would be none of them."""
    said, _ = refused(
        lambda _: {"content": '{"shot": [', "finish_reason": "length"}, EngineRequest(video, "", 9, segments=SEGMENTS)
    )
    assert "max_tokens" in said


@pytest.mark.parametrize("form", [None, FORM])
def test_a_long_video_is_looked_at_in_windows_that_are_merged(video: Path, form: dict[str, Any] | None) -> None:
    """Each window is noted apart, a few at once, and one request without frames makes the answer of the notes."""

    def say(body: dict[str, Any]) -> str:
        return json.dumps(GOOD) if form else f"Noted {words(body).count('Frame at')}"

    with endpoint(say) as stub:
        told = ask(stub, EngineRequest(video, "Title?", 40, json_schema=form), window_s=2, note_tokens=33)
    *noted, merged = stub.asked
    assert (len(noted), told.input_tokens, told.output_tokens) == (3, 400, 7)
    assert all(body["max_tokens"] == 33 and jpegs(body) for body in noted)
    assert (merged["max_tokens"], jpegs(merged)) == (40, [])
    assert ("00:00:01" if form else "Noted 2") in words(merged)
    assert stub.most_at_once <= 2


def test_segments_of_windows_come_together(video: Path) -> None:
    """Every window gives the segments of its own part, on the clock of the whole video."""
    with endpoint(lambda _: json.dumps({"shot": [row(0, 6, colour="any")]})) as stub:
        told = ask(stub, EngineRequest(video, "", None, segments=SEGMENTS), window_s=2)
    (only,) = json.loads(told.text)["shot"]
    assert (only["start_time"], only["end_time"], len(stub.asked)) == ("00:00:00.000", "00:00:06.000", 3)
    assert told.output_tokens == 21


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(video: Path, status: int) -> None:
    """A refusal that passes costs nothing but time."""
    with endpoint(in_turn(web.Response(status=status), web.Response(status=status), "ok")) as stub:
        assert ask(stub, EngineRequest(video, "What?", None)).text == "ok"


def test_a_wish_to_be_left_alone_is_obeyed(video: Path) -> None:
    """Retry-After stands above the schedule, which would wait for an hour; beyond what is set, the analysis fails."""
    later = web.Response(status=429, headers={"Retry-After": "0"})
    with endpoint(in_turn(later, "ok")) as stub:
        assert ask(stub, EngineRequest(video, "What?", None), backoff_s=3600).text == "ok"
    never = web.Response(status=429, headers={"Retry-After": "900"})
    said, stub = refused(in_turn(never), EngineRequest(video, "What?", None))
    assert "900 s" in said
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (lambda: problem_of(404, "no model seer"), "server.openai.model"),
        (lambda: problem_of(400, "response_format is unknown"), "response_format is unknown"),
        (lambda: web.Response(text="<html>"), "server.openai.base_url"),
        (lambda: web.json_response([]), "server.openai.base_url"),
        (lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}), "302"),
        (lambda: {"refusal": "I will not."}, "I will not."),
        (lambda: {"content": "", "finish_reason": "content_filter"}, "content filter"),
        (lambda: {"content": None}, "no text"),
        (lambda: web.json_response(completion("x") | {"choices": []}), "no text"),
        (lambda: {"content": "<think>What could it be?"}, "no text"),
        (lambda: web.json_response({"error": {"message": "upstream is down"}}), "upstream is down"),
    ],
)
def test_what_cannot_be_mended_fails_at_once_and_says_what_to_do(
    video: Path, said: Callable[[], Any], advice: str
) -> None:
    """One request, and one sentence."""
    told, stub = refused(lambda _: said(), EngineRequest(video, "What?", None))
    assert advice in told
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    "said",
    [
        problem_of(400, "This model's maximum context length is 4096 tokens, you requested 9000"),
        problem_of(400, "the request exceeds the available context size"),
        problem_of(400, "At most 2 image(s) may be provided in one prompt."),
        web.Response(status=413),
    ],
)
def test_less_is_sent_where_it_was_too_much(video: Path, said: web.Response) -> None:
    """Every second frame is left out, with its time, as often as need be; of one frame it fails with advice."""
    refusal = lambda: web.Response(status=said.status, body=said.body, content_type="application/json")  # noqa: E731

    def say(body: dict[str, Any]) -> Any:
        return refusal() if len(jpegs(body)) > 1 else "One frame."

    with endpoint(say) as stub:
        assert ask(stub, EngineRequest(video, "What?", None), max_frames=6).text == "One frame."
    assert [len(jpegs(body)) for body in stub.asked] == [6, 3, 1]
    assert [len(times(body)) for body in stub.asked] == [6, 3, 1]
    told, stub = refused(lambda _: refusal(), EngineRequest(video, "What?", None), max_frames=2)
    assert ("lower server.openai.max_frames" in told, len(stub.asked)) == (True, 2)


def test_what_was_too_much_once_is_not_sent_again(video: Path) -> None:
    """The other windows of a long video begin with what was taken."""
    with endpoint(lambda body: web.Response(status=413) if len(jpegs(body)) > 1 else "Noted.") as stub:
        ask(stub, EngineRequest(video, "What?", None), window_s=3, max_frames=2, concurrency=1)
    assert [len(jpegs(body)) for body in stub.asked] == [2, 1, 1, 0]


@pytest.mark.parametrize(
    ("status", "why"),
    [(400, "unknown parameter response_format"), (422, "json_schema"), (500, "failed to parse grammar")],
)
def test_a_form_is_asked_for_in_words_where_it_cannot_be_bound(video: Path, status: int, why: str) -> None:
    """The schema stands in the question then, and what comes is checked all the same."""

    def say(body: dict[str, Any]) -> Any:
        return problem_of(status, why) if "response_format" in body else json.dumps(GOOD)

    with endpoint(say) as stub:
        told = ask(stub, EngineRequest(video, "Title?", None, json_schema=FORM), window_s=3, concurrency=1)
    assert json.loads(told.text)["title"] == "Red"
    assert ["response_format" in body for body in stub.asked] == [True, False, False, False]
    assert all("JSON schema" in words(body) for body in stub.asked[1:])


def test_an_invalid_answer_is_told_the_schema(video: Path) -> None:
    """Some endpoints take a form and do not keep to it, so that the model has never seen it."""
    with endpoint(in_turn("Red", json.dumps(GOOD))) as stub:
        ask(stub, EngineRequest(video, "Title?", None, json_schema=FORM))
    assert '"required"' in stub.asked[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "around",
    [
        "<think>A {title}? Perhaps [red].</think>\n\n%s",
        "A template began the thought.\n</think>\n%s",
        "```json\n%s\n```",
        "<think>Hm.</think>Here it is:\n```\n%s\n```\nAnything else?",
        "Sure! %s I hope that helps.",
    ],
)
def test_json_is_found_among_other_words(video: Path, around: str) -> None:
    """Thoughts before it, a fence around it, and politeness are no reason to ask again."""
    with endpoint(lambda _: around % json.dumps(GOOD)) as stub:
        told = ask(stub, EngineRequest(video, "Title?", None, json_schema=FORM))
    assert (json.loads(told.text)["title"], len(stub.asked)) == ("Red", 1)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<think>Is it <b>red</b>?</think>\n\nIt is red.", "It is red."),
        ("\n<think></think>Red.", "Red."),
        ("It says <think> on a wall.", "It says <think> on a wall."),
        ("<thin ice", "<thin ice"),
        ("<thi", "<thi"),
    ],
)
def test_thoughts_are_no_answer(video: Path, said: str, text: str) -> None:
    """What a model thinks before it speaks is left out, whether the answer comes whole or in pieces."""
    pieces: list[str] = []
    with endpoint(lambda _: said) as stub:
        whole = ask(stub, EngineRequest(video, "What?", None), max_frames=1)
        streamed = ask(stub, EngineRequest(video, "What?", None), pieces.append, max_frames=1)
    assert (whole.text, streamed.text, "".join(pieces)) == (text, text, text)


def test_figures_that_are_missing_are_estimated(video: Path) -> None:
    """By the platform's own rule, of what was sent and said, and never more than was allowed."""
    silent = {**completion("Red, green, blue."), "usage": None}
    with endpoint(lambda _: web.json_response(silent)) as stub:
        told = ask(stub, EngineRequest(video, "What?", None), max_frames=2)
        limited = ask(stub, EngineRequest(video, "What?", 3), max_frames=2)
    picture = -(-200_000 // 750)
    said = words(stub.asked[0])
    assert told.input_tokens == pytest.approx(2 * picture + count_tokens(messages.RULES + said), abs=5)
    assert (told.output_tokens, limited.output_tokens) == (count_tokens("Red, green, blue."), 3)


def events(*lines: str) -> web.Response:
    return web.Response(body="\n\n".join(lines).encode(), content_type="text/event-stream")


FIRST = 'data: {"choices": [{"delta": {"content": "Red"}}]}'
LAST = 'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}'


def test_streams_of_other_makes(video: Path) -> None:
    """Without figures, options or an empty line at the end, or with thoughts apart, words come all the same."""
    thought = 'data: {"choices": [{"delta": {"content": [{"type": "thinking", "thinking": []}], "reasoning": "Hm"}}]}'
    for lines in ((FIRST, LAST, "data: [DONE]\n\n"), (thought, FIRST, ": alive", LAST)):
        with endpoint(lambda _, lines=lines: events(*lines)) as stub:
            told = ask(stub, EngineRequest(video, "What?", None), [].append, max_frames=1)
        assert (told.text, told.output_tokens) == ("Red", 1)
    simple = lambda body: problem_of(400, "stream_options: extra input") if "stream_options" in body else "Red"  # noqa: E731
    with endpoint(simple) as stub:
        assert ask(stub, EngineRequest(video, "What?", None), [].append, max_frames=1).text == "Red"
    assert ["stream_options" in body for body in stub.asked] == [True, False]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ((FIRST,), "in the middle"),
        ((FIRST, "data: [DONE]\n\n"), "in the middle"),
        ((FIRST, 'data: {"object": "error", "message": "out of blocks"}', "data: [DONE]\n\n"), "out of blocks"),
        ((FIRST, 'error: {"message": "slot is gone"}\n\n'), "slot is gone"),
        ((FIRST, 'data: {"choices": [{"delta": {}, "finish_reason": "abort"}]}', "data: [DONE]\n\n"), "abort"),
        ((FIRST, 'data: {"choices": [{"delta": {}, "finish_reason": "content_filter"}]}\n\n'), "content filter"),
    ],
)
def test_no_stream_of_another_make_is_taken_for_whole(video: Path, lines: tuple[str, ...], why: str) -> None:
    """Whatever way an endpoint has to say that it did not end by itself, it is a failure with its reason."""
    with endpoint(lambda _: events(*lines)) as stub, pytest.raises(EngineError, match=f"broke off.*{why}"):
        ask(stub, EngineRequest(video, "What?", None), [].append, max_frames=1)
    assert len(stub.asked) == 1


def test_a_wrong_key_is_never_shown(video: Path) -> None:
    """The key goes to the endpoint alone, though the endpoint repeats it."""
    for status in (401, 400, 500):
        said, stub = refused(
            lambda _, status=status: problem_of(status, f"Incorrect API key provided: {KEY}"),
            EngineRequest(video, "What?", None),
            api_key=KEY,
            retries=0,
        )
        assert KEY not in said
        assert stub.keys == [f"Bearer {KEY}"]
        assert status != 401 or "OPENAI_API_KEY" in said


def test_silence_is_not_paid_twice(video: Path) -> None:
    """A request that takes too long fails with the setting to raise."""
    said, stub = refused(lambda _: 2.0, EngineRequest(video, "What?", None), timeout_s=0.2)
    assert "server.openai.timeout_s" in said
    assert len(stub.asked) == 1


def test_an_endpoint_that_is_not_there_is_named(video: Path) -> None:
    """After its retries the address is told."""
    with endpoint(lambda _: "") as stub:
        pass
    with pytest.raises(EngineError, match=rf"{re.escape(stub.url)} cannot be reached"):
        ask(stub, EngineRequest(video, "What?", None))


def test_text_is_passed_on_in_pieces(video: Path) -> None:
    """The endpoint is asked for a stream, and what it gives is told piece by piece, its figures at the end."""
    pieces: list[str] = []
    with endpoint(lambda _: "Three colours: é, ü.") as stub:
        told = ask(stub, EngineRequest(video, "What?", 50), pieces.append, max_frames=1)
    assert (told, pieces[:2]) == (Answer("Three colours: é, ü.", "stop", 100, 7), ["Thre", "e co"])
    assert "".join(pieces) == told.text
    assert (stub.asked[0]["stream"], stub.asked[0]["stream_options"]) == (True, {"include_usage": True})


def test_only_the_answer_itself_is_passed_on(video: Path) -> None:
    """Notes on the parts of a long video, and what has to fit a form, come whole; so does what is no stream."""
    pieces: list[str] = []
    with endpoint(lambda body: "merged" if not jpegs(body) else "noted") as stub:
        ask(stub, EngineRequest(video, "What?", None), pieces.append, window_s=3)
    assert ("".join(pieces), [body.get("stream") for body in stub.asked]) == ("merged", [None, None, True])
    pieces.clear()
    with endpoint(lambda _: json.dumps(GOOD)) as stub:
        ask(stub, EngineRequest(video, "Title?", None, json_schema=FORM), pieces.append)
    assert (pieces, "stream" in stub.asked[0]) == ([], False)
    with endpoint(lambda _: web.json_response(completion("whole"))) as stub:
        assert ask(stub, EngineRequest(video, "What?", None), pieces.append).text == "whole"
    assert pieces == ["whole"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"content": "a beginning", "breaks": True}, "in the middle"),
        ({"content": "a beginning", "breaks": f"out of memory, {KEY}"}, "out of memory"),
        ({"content": "a beginning", "refusal": "No more."}, "No more."),
    ],
)
def test_what_broke_off_is_not_asked_again(video: Path, said: dict[str, Any], why: str) -> None:
    """A piece cannot be taken back: the analysis fails with its reason. Before the first one it is tried again."""
    pieces: list[str] = []
    with endpoint(lambda _: said) as stub, pytest.raises(EngineError, match=f"broke off.*{why}") as caught:
        ask(stub, EngineRequest(video, "What?", None), pieces.append, max_frames=1, api_key=KEY)
    assert ("".join(pieces), len(stub.asked), KEY in str(caught.value)) == ("a beginning", 1, False)
    pieces.clear()
    with endpoint(in_turn({"content": "", "breaks": True}, web.Response(status=503), "ok")) as stub:
        assert ask(stub, EngineRequest(video, "What?", None), pieces.append, max_frames=1).text == "ok"
    assert pieces == ["ok"]


def test_frames_are_sent_upright(write_video: Callable[..., Path]) -> None:
    """A video that players turn by a quarter, clockwise, is shown to the model as they show it."""
    points = np.zeros((360, 360, 3), np.uint8)
    points[:180, :180] = 255
    path = write_video((number / 25, points) for number in range(25))
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40
    quarter = (0, 1 << 16, 0, -(1 << 16), 0, 0, 360 << 16, 0, 1 << 30)
    data[matrix : matrix + 36] = b"".join(number.to_bytes(4, "big", signed=True) for number in quarter)
    path.write_bytes(data)
    (shown,) = sample(path, (0, 1), 1, 1, 1_000_000)
    with av.open(io.BytesIO(shown.jpeg), format="jpeg_pipe") as container:
        grey = next(container.decode(video=0)).to_ndarray(format="gray")
    assert [grey[row, column] > 128 for row in (90, 270) for column in (90, 270)] == [False, True, False, False]


def test_a_file_that_is_no_video_is_an_error(tmp_path: Path) -> None:
    """Nothing is asked about it."""
    (tmp_path / "text.mp4").write_text("text")
    said, stub = refused(lambda _: "", EngineRequest(tmp_path / "text.mp4", "What?", None))
    assert "cannot be read" in said
    assert stub.asked == []
