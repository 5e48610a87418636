"""What is known of one thing that a structured answer can speak of, whoever measured it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Known:
    """Facts of a video, of a stretch of it, of a picture or of a colour. What is not there is not known.

    Attributes:
        summary: the facts in readable words.
        start_s: where it begins, in seconds on the file's own clock; None of what has no place in time.
        end_s: where it ends.
        numbers: by topic, as in `topics.NUMBERS`: seconds, pixels, bytes, dB below full scale; shares from 0 to 1.
        labels: by topic, as in `topics.LABELS`: a word or two.
        truths: by topic or by colour: whether it is so.
        colours: (name, share) from the largest share down; None where no picture was measured.
        parts: what it is made of: "shots", "images", or a topic of `topics.PASSAGES`; an empty tuple says that it was
            looked for in vain.
        named: what goes by a name that the question itself gave, as images do.
    """

    summary: str = ""
    start_s: float | None = None
    end_s: float | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    truths: Mapping[str, bool] = field(default_factory=dict)
    colours: tuple[tuple[str, float], ...] | None = None
    parts: Mapping[str, tuple["Known", ...]] = field(default_factory=dict)
    named: Mapping[str, "Known"] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        return 0.0 if self.start_s is None or self.end_s is None else self.end_s - self.start_s


NOTHING = Known()
