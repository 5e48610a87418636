"""What the engine says of what it measured."""

from pathlib import Path

import pytest
from pipeline.server.engines.answer import tell
from pipeline.server.engines.measure import Measured, Shot, measure
from pipeline.server.engines.question import EVERYTHING, placeholders, read_question

from pipeline.server.engines import ENGINES, EngineRequest
from pipeline.server.engines.answers.wording import LIMITATION
from pipeline.server.engines.decode import Effort
from pipeline.server.engines.reply import reply
from pipeline.server.inspect import MediaFacts
from scripts.sample_videos.films import NIGHT_TRAIN

FACTS = MediaFacts(
    duration_s=5000.0,
    width=1280,
    height=720,
    fps=25.0,
    video_codec="h264",
    audio_codec=None,
    bitrate=1,
    container="mov",
    size_bytes=1,
)


@pytest.fixture(scope="module")
def night_train(samples: Path) -> Measured:
    return measure(samples / NIGHT_TRAIN.name)


def answer(measured: Measured, prompt: str) -> str:
    return "\n".join(tell(measured, read_question(prompt)))


def many(shots: int, effort: Effort = Effort.EVERY) -> Measured:
    motion = None if effort is Effort.KEY else 0.0
    return Measured(
        facts=FACTS,
        start_s=0.0,
        end_s=shots * 10.0,
        effort=effort,
        shots=tuple(
            Shot(n * 10.0, n * 10.0 + (9 if n % 2 else 10), 0.5, (("red", 0.9),), motion, None) for n in range(shots)
        ),
        black=tuple((n * 10.0, n * 10.0 + 1) for n in range(shots)),
        still=None if effort is Effort.KEY else (),
        silent=(),
        level_dbfs=None,
    )


def test_an_overview_tells_all_that_was_measured(samples: Path) -> None:
    """Asked for a summary, the answer tells the file, each shot with its times, and the passages."""
    text = ENGINES["visual"](EngineRequest(samples / NIGHT_TRAIN.name, "Summarise this video.", 4096)).text
    assert text.splitlines() == [
        "A video of 12.0 s, 640x480 at 24 pictures a second (h264), with sound (aac).",
        "Looked at [00:00.0-00:12.0]: 5 shots; every picture was decoded.",
        "[00:00.0-00:02.0] medium bright, mostly grey (98%), no motion, moderate sound (-20 dBFS)",
        "[00:02.0-00:05.0] medium bright, black (50%) with yellow (48%), strong motion, loud sound (-14 dBFS)",
        "[00:05.0-00:07.0] all black, no motion, silence",
        "[00:07.0-00:10.0] medium bright, mostly green (86%) with white (14%), moderate motion, silence",
        "[00:10.0-00:12.0] medium bright, mostly red (85%) with white (14%), no motion, moderate sound (-26 dBFS)",
        "Black: [00:05.0-00:07.0].",
        "Standing still: [00:00.0-00:02.0], [00:10.0-00:12.0].",
        "Silent: [00:05.0-00:10.0].",
        "Sound on the whole: moderate sound (-19 dBFS).",
    ]


def test_a_question_about_sound_is_answered_with_sound(night_train: Measured) -> None:
    """Asked about one thing, the answer speaks of that alone."""
    text = answer(night_train, "When is it silent?")
    assert "Silent: [00:05.0-00:10.0]." in text
    assert "yellow" not in text
    assert "motion" not in text
    assert LIMITATION not in text


@pytest.mark.parametrize("prompt", ["Who is speaking?", "Transcribe the speech", "Was sieht man?", "", "xyzzy"])
def test_what_was_not_measured_is_not_made_up(night_train: Measured, prompt: str) -> None:
    """A question that measurements cannot answer is told so in one sentence."""
    assert LIMITATION in answer(night_train, prompt)


@pytest.mark.parametrize(
    ("prompt", "topics", "beyond"),
    [
        ("Describe the video", EVERYTHING, False),
        ("What COLOURS are there?", {"colours"}, False),
        ("Is anything red?", {"colours"}, False),
        ("How loud is it, and how does it move?", {"sound", "motion"}, False),
        ("List black passages", {"brightness", "colours"}, False),
        ("Which people move?", {"motion"}, True),
    ],
)
def test_prompts_are_read_by_their_words(prompt: str, topics: set[str], beyond: bool) -> None:
    """The words of a prompt decide what the answer is about."""
    question = read_question(prompt)
    assert (question.topics, question.beyond) == (topics, beyond)


@pytest.mark.parametrize("max_tokens", [1, 2, 10, 40, 100])
def test_an_answer_that_is_too_long_is_cut(night_train: Measured, max_tokens: int) -> None:
    """A cut answer stays within its tokens, says why it ended, and is the beginning of the whole one."""
    text = answer(night_train, "Summary")
    short, whole = (reply(EngineRequest(None, "Summary", most), text) for most in (max_tokens, 4096))
    assert 1 <= short.output_tokens <= max_tokens
    assert short.finish_reason == "length"
    assert short.warning is not None
    assert whole.text.startswith(short.text)
    assert (whole.finish_reason, whole.warning) == ("stop", None)


def test_very_many_shots_are_told_in_part() -> None:
    """Of a thousand shots the hundred longest are told in order, and the answer says so and is complete."""
    told = answer(many(1000), "Summary")
    lines = [line for line in told.splitlines() if line.startswith("[")]
    assert "1000 shots" in told
    assert "The 100 longest shots:" in told
    assert len(lines) == 100
    assert lines == sorted(lines)
    assert all("no sound stream" in line for line in lines)
    assert "and 980 more" in told


def test_a_single_shot_and_key_frames() -> None:
    """Where only key frames were decoded, the answer claims nothing about motion."""
    told = answer(many(1, Effort.KEY), "Summary")
    assert "1 shot;" in told
    assert "motion not measured" in told
    assert "Standing still" not in told


def test_names_of_images_are_not_read_as_words() -> None:
    """A reference image called after a colour does not make a question one about colours."""
    prompt = "Where is <@red> or <@Tiger_1>, and again <@red>?"
    assert placeholders(prompt) == ("red", "Tiger_1")
    assert read_question(prompt) == read_question("Describe the video")
