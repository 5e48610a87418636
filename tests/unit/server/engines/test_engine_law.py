"""The law that every engine of the table keeps, whatever it is asked."""

import multiprocessing
import pickle
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.server.engines import ENGINES, Engine, EngineError, EngineImage, EngineRequest, SegmentQuestion
from scripts.sample_videos.odd import text, tiny_video

from .conftest import WriteStill

PROMPT = "Describe everything in this video, shot by shot."
SCHEMA = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
SEGMENTS = SegmentQuestion(({"id": "shot", "description": "Every shot"},))
ASKED = ("prompt", "window", "schema", "segments", "references", "images", "images in a schema")


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("law") / "tiny.mp4"
    path.write_bytes(tiny_video())
    return path


@pytest.fixture
def asked(video: Path, write_still: WriteStill) -> dict[str, EngineRequest]:
    """One request of each kind; what is noted of the video by the first one asked serves all."""
    images = (EngineImage("one", write_still("red")), EngineImage("two", write_still("blue")))
    plain = EngineRequest(video, PROMPT, 512, notes=video.with_name("notes"))
    return {
        "prompt": plain,
        "window": replace(plain, start_s=0.0, end_s=0.5),
        "schema": replace(plain, json_schema=SCHEMA),
        "segments": replace(plain, prompt="", max_tokens=None, segments=SEGMENTS),
        "references": replace(plain, prompt="Where is <@one>?", images=images),
        "images": replace(plain, path=None, images=images),
        "images in a schema": replace(plain, path=None, images=images, json_schema=SCHEMA),
    }


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("kind", ASKED)
def test_the_same_request_has_the_same_answer(
    engine: Engine, asked: dict[str, EngineRequest], kind: str, elsewhere: ProcessPoolExecutor
) -> None:
    """The same request has the same answer, in this process and in another, to which it and the engine can travel."""
    here = engine(asked[kind])
    assert elsewhere.submit(engine, asked[kind]).result() == engine(asked[kind]) == here
    assert here.text
    assert here.output_tokens == -(-len(here.text.encode()) // 4)


@pytest.mark.parametrize("max_tokens", [1, 7, 512])
@pytest.mark.parametrize("kind", [kind for kind in ASKED if kind != "segments"])
def test_the_answer_keeps_to_its_tokens(
    engine: Engine, asked: dict[str, EngineRequest], kind: str, max_tokens: int
) -> None:
    """An answer never takes more tokens than allowed, and says "length" and why only where it was cut."""
    told = engine(replace(asked[kind], max_tokens=max_tokens))
    assert 0 <= told.output_tokens <= max_tokens
    assert (told.finish_reason == "length") == (told.warning is not None)


def test_a_file_that_cannot_be_read_is_refused(engine: Engine, tmp_path: Path) -> None:
    """A file that is no video is an EngineError with a sentence."""
    (tmp_path / "list.mp4").write_bytes(text())
    with pytest.raises(EngineError, match="cannot be read"):
        engine(EngineRequest(tmp_path / "list.mp4", PROMPT, 512))


@pytest.mark.parametrize("kind", ASKED)
def test_notes_change_no_answer(engine: Engine, asked: dict[str, EngineRequest], kind: str) -> None:
    """Whether something is noted of the file or not, the answer is the same."""
    assert engine(replace(asked[kind], notes=None)) == engine(asked[kind])


def test_an_echo_decodes_nothing(video: Path, asked: dict[str, EngineRequest], tmp_path: Path) -> None:
    """Where no picture can be decoded, the echo engine answers as ever and the others do not."""
    whole = bytearray(video.read_bytes())
    begin, end = whole.index(b"mdat") + 4, whole.index(b"freeseed") - 4
    whole[begin:end] = bytes(end - begin)
    empty = tmp_path / video.name
    empty.write_bytes(whole)
    for kind in ("prompt", "schema", "segments"):
        request = replace(asked[kind], path=empty, notes=None)
        assert ENGINES["echo"](request) == ENGINES["echo"](asked[kind])
        with pytest.raises(EngineError):
            ENGINES["evidence"](request)


def test_engines_and_their_requests_travel_between_processes(engine: Engine, asked: dict[str, EngineRequest]) -> None:
    """Engines, requests and answers can be pickled."""
    assert pickle.loads(pickle.dumps((engine, asked))) == (engine, asked)
    told = engine(asked["window"])
    assert pickle.loads(pickle.dumps(told)) == told
