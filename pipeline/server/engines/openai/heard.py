"""What was heard and read in a video, as lines with their times for a model that is shown frames alone."""

from collections.abc import Iterator, Sequence

from pipeline.server.engines.answers.clip import clip
from pipeline.server.engines.contract import EngineError
from pipeline.server.engines.evidence.timeline import Line, Passage, Timeline, Utterance
from pipeline.server.engines.tokens import count_tokens
from pipeline.server.engines.watch import Passage as Window

_ABOUT = (
    "Speech and text on screen as programs recognised them in this part, which err, each line after its time in seconds"
)
_NAMED = {"title": "text on screen", "mark": "mark on screen", "ticker": "ticker"}


def lines(timeline: Timeline, window: Window) -> list[str]:
    """All that was said and could be read in a window, in order of time; what was not understood is not quoted."""
    try:
        inside = clip(timeline, *window)
    except EngineError:  # the pictures go on where nothing was observed
        return []
    return [told for _, told in sorted(_all(inside))]


def _all(timeline: Timeline) -> Iterator[tuple[tuple[float, float], str]]:
    for said in timeline.speech or ():
        yield _line(said, _of_speech(said))
    for text in timeline.text or ():
        if text.kind in _NAMED:
            yield _line(text, _of_text(text))


def _line(passage: Passage, told: str) -> tuple[tuple[float, float], str]:
    return (passage.start_s, passage.end_s), f"{passage.start_s:.3f} to {passage.end_s:.3f} s: {told}"


def _of_speech(said: Utterance) -> str:
    return f'somebody says "{said.text}"' if said.understood and said.text else "somebody speaks, not understood"


def _of_text(line: Line) -> str:
    return f'{_NAMED[line.kind]} "{line.text}"'


def told(found: Sequence[str], most_tokens: int) -> str:
    """The lines as one text of at most so many tokens; where that is too little, lines are passed over evenly.

    Empty where there are none, or no room for any.
    """
    kept = list(found)
    while kept:
        left_out = len(found) - len(kept)
        more = f" ({left_out} more are left out)" if left_out else ""
        text = "\n".join([f"{_ABOUT}{more}:", *kept])
        tokens = count_tokens(text)
        if tokens <= most_tokens:
            return text
        # at least one less, and about as many as there is room for
        count = min(len(kept) - 1, len(kept) * most_tokens // tokens)
        kept = [found[(2 * number + 1) * len(found) // (2 * count)] for number in range(count)]
    return ""
