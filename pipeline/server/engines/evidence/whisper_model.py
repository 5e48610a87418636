"""Which Whisper model hears, where one is given: a folder that CTranslate2 reads. Nothing is loaded here."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
from blake3 import blake3

from pipeline.errors import ConfigError

INSTALL = "pip install 'video-analysis-pipeline[whisper]'"

# Without tokenizer.json faster-whisper would download one.
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
# The file begins with a version and with what is in it.
_KIND, _HEAD = b"WhisperSpec\0", 64


@dataclass(frozen=True, slots=True)
class WhisperModel:
    """A model that `find` found.

    Attributes:
        path: its folder.
        language: what is spoken, as "en"; None has it detected in every passage.
        name: tells it from every other model, and from the same one told another language.
    """

    path: Path
    language: str | None
    name: str


def find(path: Path, language: str | None, setting: str) -> WhisperModel:
    """Look whether there is a model.

    Args:
        path: the folder.
        language: see `WhisperModel`.
        setting: what the user set, for the message.

    Raises:
        ConfigError: faster-whisper is not installed, the folder holds no Whisper model, or it knows no such language.
    """
    if find_spec("faster_whisper") is None:
        raise ConfigError(f"{setting}: faster-whisper is not installed: {INSTALL}")
    try:
        _check(path, language)
        digest = _digest(path)
    except (OSError, TypeError, ValueError) as exc:
        raise ConfigError(f"{setting}: {path} is no Whisper model that CTranslate2 reads: {exc}") from exc
    spoken = f" in {language}" if language else ""
    return WhisperModel(path, language, f"Whisper {path.resolve().name} {digest}{spoken}")


def _check(path: Path, language: str | None) -> None:
    if not path.exists():
        raise ValueError("there is nothing at this path")
    if not path.is_dir():
        raise ValueError("a folder is needed")
    if absent := [name for name in _NEEDED if not (path / name).is_file()]:
        raise ValueError(f"there is no {' and no '.join(absent)} in it")
    if not any(path.glob("vocabulary.*")):
        raise ValueError("there is no vocabulary in it")
    with (path / "model.bin").open("rb") as file:
        if _KIND not in file.read(_HEAD):
            raise ValueError("model.bin is another kind of model, or none")
    if not _object(path / "config.json").get("alignment_heads"):
        raise ValueError("its config.json has no alignment_heads, which tell when words are said: convert it anew")
    known = _object(path / "tokenizer.json").get("added_tokens") or ()
    if language and f"<|{language}|>" not in [token["content"] for token in known]:
        raise ValueError(f"it knows no language {language!r}; write it as 'en'")


def _object(path: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as exc:
        raise ValueError(f"{path.name} is no JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise TypeError(f"{path.name} holds no JSON object")
    return found


def _digest(path: Path) -> str:
    """Of all that decides what is heard; a gigabyte takes about a second."""
    digest = blake3(max_threads=blake3.AUTO)
    for name in _NEEDED:
        digest.update_mmap(path / name)
    return digest.hexdigest(length=6)
