"""A short text that a regular expression takes."""

import re
from collections.abc import Callable
from typing import Any

# Some of these is taken where a class of letters leaves a choice; the plainest first.
_PLAIN = "0a A-_.:" + "".join(map(chr, range(33, 127))) + "\n\té€中"
_MOST_LETTERS = 10_000


def shortest(pattern: str) -> str | None:
    """A text, short and plain, in which `pattern` is found; None where none was hit upon.

    Conditions that look ahead or back are not planned for; what does not keep them is not returned.
    """
    try:
        compiled = re.compile(pattern)
        made = _Maker().sequence(re._parser.parse(pattern))  # type: ignore[attr-defined]  # noqa: SLF001 - the only parser there is
    except (re.error, RecursionError, OverflowError):
        return None
    return next((text for text in ("", made) if len(text) <= _MOST_LETTERS and compiled.search(text)), None)


class _Maker:
    """Walks what `re` reads in a pattern; remembers what its groups took."""

    def __init__(self) -> None:
        self._groups: dict[int, str] = {}

    def sequence(self, nodes: Any) -> str:
        return "".join(self._one(str(kind), value) for kind, value in nodes)

    def _one(self, kind: str, value: Any) -> str:
        makers: dict[str, Callable[[], str]] = {
            "LITERAL": lambda: chr(value),
            "NOT_LITERAL": lambda: next(letter for letter in _PLAIN if ord(letter) != value),
            "ANY": lambda: "a",
            "IN": lambda: self._letter(value),
            "BRANCH": lambda: min((self.sequence(branch) for branch in value[1]), key=len),
            "SUBPATTERN": lambda: self._group(value[0], value[3]),
            "MAX_REPEAT": lambda: self._repeat(value[0], value[2]),
            "MIN_REPEAT": lambda: self._repeat(value[0], value[2]),
            "POSSESSIVE_REPEAT": lambda: self._repeat(value[0], value[2]),
            "ATOMIC_GROUP": lambda: self.sequence(value),
            "GROUPREF": lambda: self._groups.get(value, ""),
            "GROUPREF_EXISTS": lambda: self.sequence(value[1] if value[0] in self._groups else value[2] or ()),
        }
        # anchors and conditions take no room
        return makers.get(kind, str)()

    def _group(self, number: int | None, nodes: Any) -> str:
        text = self.sequence(nodes)
        if number is not None:
            self._groups[number] = text
        return text

    def _repeat(self, times: int, nodes: Any) -> str:
        if times > _MOST_LETTERS:
            raise OverflowError
        return self.sequence(nodes) * times if times else ""

    def _letter(self, choices: Any) -> str:
        if str(choices[0][0]) == "NEGATE":
            return next((letter for letter in _PLAIN if not any(_holds(letter, each) for each in choices[1:])), "")
        usual = next((letter for letter in _PLAIN if any(_holds(letter, each) for each in choices)), None)
        if usual is not None:
            return usual
        kind, value = choices[0]
        return chr(value[0] if str(kind) == "RANGE" else value)


def _holds(letter: str, choice: Any) -> bool:
    kind, value = choice
    match str(kind):
        case "LITERAL":
            return bool(ord(letter) == value)
        case "RANGE":
            return bool(value[0] <= ord(letter) <= value[1])
        case "CATEGORY":
            return _is_in(letter, str(value))
    return False


def _is_in(letter: str, category: str) -> bool:
    kinds = {"DIGIT": letter.isdigit(), "SPACE": letter.isspace(), "WORD": letter.isalnum() or letter == "_"}
    name = category.removeprefix("CATEGORY_")
    return not kinds[name.removeprefix("NOT_")] if name.startswith("NOT_") else kinds[name]
