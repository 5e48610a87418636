"""A timeline made by hand, with something on every track."""

from typing import Any

from pipeline.server.engines.evidence.timeline import (
    VERSION,
    Line,
    LineKind,
    Loudness,
    Media,
    Passage,
    Shot,
    SoundEvent,
    SoundPassage,
    Timeline,
    Utterance,
    Word,
)

MEDIA = Media(40.0, 0.0, 1280, 720, 25.0, 0, "h264", "aac", 1)


def shot(start_s: float, end_s: float, entered: Any, colours: tuple[tuple[str, float], ...], brightness: float) -> Shot:
    return Shot(start_s, end_s, 1.0, entered, 0.0, colours, brightness, 0.2, 0.05, (start_s + end_s) / 2)


def line(start_s: float, end_s: float, text: str, kind: LineKind = "title", height_px: int = 40) -> Line:
    return Line(start_s, end_s, 0.9, text, kind, (0.1, 0.4, 0.6, 0.5), height_px, 3)


def said(start_s: float, end_s: float, text: str) -> Utterance:
    words = text.split()
    each_s = (end_s - start_s) / max(1, len(words))
    spoken = tuple(
        Word(start_s + place * each_s, start_s + (place + 1) * each_s, 0.8, word) for place, word in enumerate(words)
    )
    return Utterance(start_s, end_s, 0.8 if words else 0.3, bool(words), text, spoken)


TIMELINE = Timeline(
    version=VERSION,
    media=MEDIA,
    start_s=0.0,
    end_s=40.0,
    shots=(
        shot(0, 10, "start", (("blue", 0.8), ("white", 0.1)), 0.5),
        shot(10, 20, "cut", (("green", 0.9),), 0.4),
        shot(20, 30, "dissolve", (("red", 0.7),), 0.6),
        shot(30, 40, "fade", (("black", 1.0),), 0.01),
    ),
    black=(Passage(30, 40, 1.0),),
    still=(),
    text=(
        line(0, 40, "ACME", "mark", 20),
        line(1, 4, "Harbour News", height_px=60),
        line(12, 15, "The engine room"),
        line(22, 25, "Annual budget 2024"),
        line(31, 35, "markets up again ... rain tomorrow", "ticker", 18),
    ),
    speech=(said(5, 9, "the ships arrive at dawn"), said(11, 14, ""), said(23, 27, "our company needs a new budget")),
    sounds=(
        SoundPassage(0, 5, 1.0, "music", -20.0),
        SoundPassage(5, 9, 0.9, "speech", -18.0),
        SoundPassage(9, 11, 1.0, "silence", -80.0),
        SoundPassage(11, 14, 0.9, "speech", -18.0),
        SoundPassage(14, 23, 0.9, "other", -30.0),
        SoundPassage(23, 27, 0.9, "speech", -18.0),
        SoundPassage(27, 40, 0.8, "music", -22.0),
    ),
    events=(SoundEvent(16.0, 16.3, 0.9, 25.0, -12.0), SoundEvent(19.5, 19.7, 0.8, 20.0, -15.0)),
    loudness=Loudness(-19.5, 6.2, -14.0),
)
