"""From a file to its timeline: each track in one pass over the pictures and one over the sound."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.decode import Effort, shown
from pipeline.server.engines.evidence.extra import FACES, missing
from pipeline.server.engines.evidence.faces import FaceFinder
from pipeline.server.engines.evidence.hearing import hear, recogniser
from pipeline.server.engines.evidence.media import read_media
from pipeline.server.engines.evidence.text import TextFinder
from pipeline.server.engines.evidence.timeline import TRACKS, VERSION, Media, Timeline, Track
from pipeline.server.engines.evidence.visuals import Seen, see
from pipeline.server.engines.evidence.whisper_model import WhisperModel
from pipeline.server.engines.window import window_of
from pipeline.server.inspect import MediaRejected


def gather(
    path: Path,
    start_s: float | None = None,
    end_s: float | None = None,
    tracks: Collection[Track] = TRACKS,
    whisper: WhisperModel | None = None,
) -> Timeline:
    """Observe a window of a file; where `whisper` is given, words are what that model hears.

    Raises:
        EngineError: the file cannot be read, or the window holds nothing of it.
    """
    try:
        media = read_media(path)
        first_s, last_s = window_of(media, start_s, end_s)
        return _observe(path, media, first_s, last_s, tracks, whisper)
    except MediaRejected as exc:
        raise EngineError(exc.message) from exc
    except ImportError as exc:
        raise EngineError(
            f"A package that evidence is gathered with is installed, but cannot be loaded: {exc}. Install it anew, or"
            " remove it to go without."
        ) from exc


def _observe(
    path: Path,
    media: Media,
    start_s: float,
    end_s: float,
    tracks: Collection[Track],
    whisper: WhisperModel | None,
) -> Timeline:
    needs: dict[Track, str] = {"text": "text on screen", "visuals": FACES} if media.video_codec is not None else {}
    absent = {track: missing(what) for track, what in needs.items() if track in tracks}
    reader = TextFinder() if "text" in absent and absent["text"] is None else None
    finder = FaceFinder() if "visuals" in absent and absent["visuals"] is None else None
    seen = _watch(path, media, start_s, end_s, tracks, reader, finder)
    listens = media.audio_codec is not None and not {"speech", "sounds"}.isdisjoint(tracks)
    heard = hear(path, start_s, end_s, tracks, whisper) if listens else None
    timeline = Timeline(
        version=VERSION,
        media=media,
        start_s=start_s,
        end_s=end_s,
        missing=(*filter(None, absent.values()), *(heard.missing if heard else ())),
    )
    if seen and "visuals" in tracks:
        timeline = replace(timeline, shots=seen.shots, black=seen.black, still=seen.still, glimpses=seen.glimpses)
    if seen and finder:
        timeline = replace(timeline, faces=finder.found(seen.shots))
    if seen and reader:
        timeline = replace(timeline, text=reader.found(seen.boundaries_s, start_s, end_s))
    if heard:
        timeline = replace(
            timeline,
            speech=heard.speech,
            speech_by=None if heard.speech is None else recogniser(whisper),
            sounds=heard.sounds,
            events=heard.events,
            loudness=heard.loudness,
        )
    return timeline


def _watch(
    path: Path,
    media: Media,
    start_s: float,
    end_s: float,
    tracks: Collection[Track],
    reader: TextFinder | None,
    finder: FaceFinder | None,
) -> Seen | None:
    """One pass over the pictures; text is clipped to shots, so that whoever reads it watches, too."""
    if media.video_codec is None or not (reader or "visuals" in tracks):
        return None
    frames = shown(path, start_s, end_s, Effort.REFERENCED, rough=reader is None)
    if reader:
        frames = reader.watch(frames)
    return see(finder.watch(frames) if finder else frames, start_s, end_s)
