"""What was found, held against what is known to be there. Each score is a row: what, reached, target."""

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

# The truth about a programme (see `sample_videos.broadcast`) and its timeline as `pipeline evidence --json` prints it.
Pair = tuple[dict[str, Any], dict[str, Any]]
Row = tuple[str, str, str]

_NEAR_S = 0.2
_SMALLEST_PX = 24
_STEP_S = 0.05


def shots(pairs: Sequence[Pair]) -> list[Row]:
    """F1 of the cuts, and of what is gradual, whose boundary may be anywhere within the transition."""
    told = []
    for name, kinds, target in (("cuts", {"cut"}, "0.95"), ("dissolves and fades", {"dissolve", "fade"}, "0.85")):
        right = known = found = 0
        for truth, timeline in pairs:
            wanted = [shot for shot in truth["shots"][1:] if shot["entered"] in kinds]
            there = [shot["start_s"] for shot in timeline["shots"][1:] if shot["entered"] in kinds]
            right += _matched(wanted, there)
            known, found = known + len(wanted), found + len(there)
        told.append(
            (f"{name}, F1 ({right} of {known}, {found - right} too many)", f"{_f1(right, known, found):.3f}", target)
        )
    return told


def _matched(wanted: Sequence[dict[str, Any]], there: Sequence[float]) -> int:
    """How many of the boundaries are there, each found one counted once."""
    free = list(there)
    for shot in wanted:
        reach_s = _NEAR_S + shot["entered_over_s"] / 2
        near = [at_s for at_s in free if abs(at_s - shot["start_s"]) <= reach_s]
        if near:
            free.remove(min(near, key=lambda at_s: abs(at_s - shot["start_s"])))
    return len(there) - len(free)


def _f1(right: int, known: int, found: int) -> float:
    return 2 * right / (known + found) if known + found else 1.0


def titles(pairs: Sequence[Pair]) -> list[Row]:
    """Letters of titles that were read wrongly or not at all, and lines that nobody wrote."""
    wrong = letters = exact = count = invented = 0
    for truth, timeline in pairs:
        lines = [line for line in timeline["text"] if line["kind"] == "title"]
        matched = set()
        for title in truth["titles"]:
            rivals = [line for line in lines if _overlap(line, title)]
            errors = [(edits(title["text"], line["text"]), line["start_s"], line["text"]) for line in rivals]
            best = min(errors, default=(len(title["text"]), 0.0, ""))
            matched.add(best[1:])
            if title["size_px"] >= _SMALLEST_PX:
                wrong += min(best[0], len(title["text"]))
                letters, count, exact = letters + len(title["text"]), count + 1, exact + (best[0] == 0)
        invented += sum((line["start_s"], line["text"]) not in matched for line in lines)
    rate = wrong / max(1, letters)
    return [(f"titles, wrong letters ({exact} of {count} exact, {invented} invented)", f"{rate:.2%}", "5% at most")]


def speech(pairs: Sequence[Pair]) -> list[Row]:
    """How many of the quoted words were said, how much of what was said is quoted, and what must not be quoted."""
    quoted = right = said = leaked = babbled = 0
    for truth, timeline in pairs:
        said += sum(len(sentence["text"].split()) for sentence in truth["speech"])
        for utterance in timeline["speech"]:
            leaked += bool(utterance["text"] or utterance["words"]) and not utterance["understood"]
            words = utterance["text"].split()
            near = [sentence["text"] for sentence in truth["speech"] if _overlap(sentence, utterance)]
            quoted, right = quoted + len(words), right + _common(" ".join(near).split(), words)
            babbled += len(words) if near and not any(near) else 0
    return [
        ("quoted words that are right", f"{right / max(1, quoted):.1%}", "85%"),
        ("spoken words that are quoted rightly", f"{right / max(1, said):.1%}", ""),
        ("passages below the line that are quoted", str(leaked), "0"),
        ("words quoted of voices that nobody understands", str(babbled), ""),
    ]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(block.size for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())


def sounds(pairs: Sequence[Pair]) -> list[Row]:
    """The share of the time whose kind of sound is told rightly."""
    right = {kind: [0, 0] for kind in ("speech", "music", "silence", "other")}
    for truth, timeline in pairs:
        for step in range(int(truth["duration_s"] / _STEP_S)):
            at_s = (step + 0.5) * _STEP_S
            known, told = _kind_at(truth["sounds"], at_s), _kind_at(timeline["sounds"], at_s)
            if known is not None:
                right[known][0] += known == told
                right[known][1] += 1
    hits, steps = (sum(values) for values in zip(*right.values(), strict=True))
    return [
        ("time whose kind of sound is right", f"{hits / max(1, steps):.1%}", "90%"),
        *((f"  of {kind}", f"{hit / max(1, all_of):.1%}", "") for kind, (hit, all_of) in right.items()),
    ]


def _kind_at(parts: Iterable[dict[str, Any]], at_s: float) -> str | None:
    return next((part["kind"] for part in parts if part["start_s"] <= at_s < part["end_s"]), None)


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(one["start_s"] < other["end_s"] and other["start_s"] < one["end_s"])


def edits(one: str, other: str) -> int:
    """The fewest letters to put in, to take out or to change."""
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        corner, row[0] = row[0], number
        for place, its_letter in enumerate(other, 1):
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, corner + (letter != its_letter))
    return row[-1]
