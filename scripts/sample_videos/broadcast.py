"""A programme as a file, and the truth about it as JSON beside it."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from . import painting, score
from .programme import Programme

_BLOCK = 1024 * 16


def broadcast(programme: Programme, path: Path, preset: str = "veryfast") -> dict[str, Any]:
    """Write the programme as MP4 (H.264, AAC) and its truth with the suffix `.json`; returns the truth.

    `preset` is one of x264's: with `superfast` a file has more than ten times the bytes, and takes five times as long
    to decode.
    """
    sound, said = score.play(programme)
    partial = path.with_name(path.name + ".part")
    with av.open(str(partial), "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=programme.fps, options={"preset": preset, "crf": "23"})
        video.width, video.height, video.pix_fmt = programme.width, programme.height, "yuv420p"
        audio = container.add_stream("aac", rate=score.RATE, layout="mono", bit_rate=96_000)
        for number, picture in enumerate(painting.frames(programme)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, programme.fps)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        write_sound(container, audio, sound)
    facts = truth(programme, said)
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
    return facts


def write_sound(container: OutputContainer, stream: AudioStream, sound: score.Samples) -> None:
    """Encode mono samples from the beginning of the file on."""
    for first in range(0, sound.size, _BLOCK):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None, first : first + _BLOCK]), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = score.RATE, first, Fraction(1, score.RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def truth(programme: Programme, said: list[score.Said]) -> dict[str, Any]:
    """What is in a programme. Shots begin in the middle of their transitions."""
    return {
        "seed": programme.seed,
        "duration_s": programme.seconds,
        "width": programme.width,
        "height": programme.height,
        "fps": programme.fps,
        "shots": [
            {
                "start_s": part.start_s,
                "end_s": part.end_s,
                "entered": part.entered if place else "start",
                "entered_over_s": part.entered_over_s if place else 0.0,
            }
            for place, part in enumerate(programme.parts)
        ],
        "flashes": list(programme.flashes_s),
        "titles": [
            {
                "text": title.text,
                "start_s": title.start_s,
                "end_s": title.end_s,
                "size_px": title.size_px,
                "capital_px": painting.letter_height(title),
            }
            for title in programme.titles
        ],
        "mark": programme.mark,
        "ticker": programme.ticker,
        "timecode": programme.timecode,
        "speech": [{"start_s": start_s, "end_s": end_s, "text": text} for start_s, end_s, text in said],
        "sounds": _sounds(programme, said),
        "bangs": list(programme.bangs_s),
    }


def _sounds(programme: Programme, said: list[score.Said]) -> list[dict[str, Any]]:
    """What is heard when. Between sentences there is silence, or the music that goes on."""
    told: list[dict[str, Any]] = [
        {"start_s": stretch.start_s, "end_s": stretch.start_s + stretch.seconds, "kind": stretch.kind}
        for stretch in programme.heard
        if stretch.kind in ("music", "other")
    ]
    for stretch in programme.heard:
        end_s = stretch.start_s + stretch.seconds
        inside = [each for each in said if stretch.start_s <= each[0] < end_s]
        told += [{"start_s": first_s, "end_s": last_s, "kind": "speech"} for first_s, last_s, _ in inside]
        if stretch.kind == "speech over music":
            edges = [stretch.start_s, *(edge for each in inside for edge in each[:2]), end_s]
            told += [
                {"start_s": first_s, "end_s": last_s, "kind": "music"}
                for first_s, last_s in zip(edges[::2], edges[1::2], strict=True)
                if last_s > first_s
            ]
    told.sort(key=lambda each: each["start_s"])
    gaps = zip(
        [0.0, *(each["end_s"] for each in told)], [*(each["start_s"] for each in told), programme.seconds], strict=True
    )
    silent = [{"start_s": one, "end_s": other, "kind": "silence"} for one, other in gaps if other - one > 0.01]
    return sorted(told + silent, key=lambda each: each["start_s"])
