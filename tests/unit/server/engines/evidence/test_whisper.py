"""Spoken words by a Whisper model that the user has, instead of PocketSphinx."""

import os
import pickle
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pipeline.cli.evidence import evidence
from pipeline.config import ServerSettings
from pipeline.errors import ConfigError
from pipeline.server.app import running
from pipeline.server.engines import EngineError, engine_of
from pipeline.server.engines.answers.observe import observe
from pipeline.server.engines.evidence import whisper_model
from pipeline.server.engines.evidence.gather import gather
from pipeline.server.engines.evidence.pcm import RATE
from pipeline.server.engines.evidence.voice import Spoken
from pipeline.server.engines.evidence.whisper import WhisperRecogniser
from scripts.sample_videos import score

from .conftest import Film
from .whisper_models import WORD_S, build

SENTENCE = "We saw the red boat at noon."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("whisper") / "tiny", SENTENCE)
