"""What is known of one thing that a structured answer can speak of, whoever measured it."""

from collections.abc import Callable, Iterator, Mapping
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
        parts: what it is made of: "shots", "images", "chapters", "sounds", or a topic of `topics.PASSAGES` or
            `topics.RECORDED`; an empty tuple says that it was looked for in vain.
        named: what goes by a name that the question itself gave, as images do.
        of: the topics of `topics.PASSAGES` and `topics.RECORDED` that it is itself a passage of.
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
    of: frozenset[str] = frozenset()

    @property
    def duration_s(self) -> float:
        return 0.0 if self.start_s is None or self.end_s is None else self.end_s - self.start_s


NOTHING = Known()


class Later(Mapping[str, tuple[Known, ...]]):
    """Parts that are made when they are first asked for: a video may have thousands that nobody asks for."""

    def __init__(self, makers: Mapping[str, Callable[[], tuple[Known, ...]]]) -> None:
        self._makers = makers
        self._made: dict[str, tuple[Known, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Known, ...]:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)
