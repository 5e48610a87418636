"""The law that every engine of the table keeps."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from pipeline.server.engines import ENGINES, Engine, EngineRequest
from scripts.sample_videos.odd import tiny_video

PROMPT = "Describe everything in this video, shot by shot."


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.mp4"
    path.write_bytes(tiny_video())
    return path


def test_the_same_request_has_the_same_answer(engine: Engine, video: Path) -> None:
    """The same request has the same answer, in this process and in another."""
    request = EngineRequest(video, PROMPT, 512)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(engine, request).result() == engine(request)


@pytest.mark.parametrize("max_tokens", [1, 7, 512])
def test_the_answer_keeps_to_its_tokens(engine: Engine, video: Path, max_tokens: int) -> None:
    """An answer never takes more tokens than allowed, and says "length" only where it was cut."""
    told = engine(EngineRequest(video, PROMPT, max_tokens))
    assert 0 <= told.output_tokens <= max_tokens
    assert (told.finish_reason == "length") == (told.warning is not None)


def test_engines_and_their_answers_travel_between_processes(engine: Engine, video: Path) -> None:
    """Engines, requests and answers can be pickled."""
    request = EngineRequest(video, PROMPT, 512, 0.0, 0.5)
    again = pickle.loads(pickle.dumps((engine, request)))
    assert again == (engine, request)
    told = engine(request)
    assert pickle.loads(pickle.dumps(told)) == told
