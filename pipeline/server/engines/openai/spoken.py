"""What a model says to be read: without what it thinks aloud before, as it comes or as a whole."""

from typing import Any

from pipeline.server.engines.contract import OnPiece

_BEGIN, _END = "<think>", "</think>"


class Spoken:
    """Takes a model's words piece by piece, and passes on what follows a leading <think>...</think>.

    Attributes:
        text: all that was passed on.
    """

    def __init__(self, on_piece: OnPiece) -> None:
        self.text = ""
        self._on_piece = on_piece
        self._held = ""
        self._is_open = self._thinks = self._has_thought = False

    def take(self, piece: str) -> None:
        """Hear what came."""
        if self._is_open:
            return self._say(piece)
        self._held += piece
        if not self._thinks and not self._has_thought and self._held.lstrip().startswith(_BEGIN):
            self._thinks = True
        if self._thinks:
            self._think()
        if not self._thinks and (self._has_thought or not _BEGIN.startswith(self._held.strip())):
            self._open()
        return None

    def end(self) -> None:
        """Nothing more comes: what was held back in doubt is said."""
        if not self._thinks and not self._is_open:
            self._open()

    def _think(self) -> None:
        _, end, rest = self._held.partition(_END)
        # of thoughts the last letters alone matter, in which their end may have begun
        self._held = rest if end else self._held[-len(_END) :]
        self._thinks, self._has_thought = not end, bool(end)

    def _open(self) -> None:
        said = self._held.lstrip() if self._has_thought else self._held
        self._held = "" if said else self._held
        self._is_open = bool(said)
        self._say(said)

    def _say(self, said: str) -> None:
        if said:
            self.text += said
            self._on_piece(said)


def spoken(words: str) -> str:
    """The same of all that a model said."""
    whole = Spoken(lambda _: None)
    whole.take(words)
    whole.end()
    return whole.text


def words_of(content: Any) -> str | None:
    """The content of a message or of a piece, which some makes give in parts, thoughts among them; None where none is.

    Raises:
        TypeError, KeyError: it is nothing of the kind.
    """
    if isinstance(content, list):
        return "".join(part["text"] for part in content if part.get("type") == "text")
    if not isinstance(content, str | None):
        raise TypeError("no words")
    return content
