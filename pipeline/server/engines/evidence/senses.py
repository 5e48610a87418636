"""What files are observed with."""

from dataclasses import dataclass

from pipeline.server.engines.evidence.timeline import TRACKS, Track
from pipeline.server.engines.evidence.whisper_model import WhisperModel


@dataclass(frozen=True, slots=True)
class Senses:
    """Which tracks are observed, and what recognises spoken words instead of PocketSphinx."""

    tracks: tuple[Track, ...] = TRACKS
    whisper: WhisperModel | None = None

    def only(self, *tracks: Track) -> "Senses":
        """The same as far as it is about these tracks."""
        return Senses(tuple(track for track in self.tracks if track in tracks), self.whisper)

    @property
    def hearing(self) -> "Senses":
        """Speech alone, also where the settings leave it out."""
        return Senses(("speech",), self.whisper)


ALL = Senses()
