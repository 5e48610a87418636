"""A chat completion that comes as server-sent events, piece by piece."""

import json
from typing import Any

from pipeline.server.engines.contract import OnPiece
from pipeline.server.engines.openai.refusals import words_in
from pipeline.server.engines.openai.spoken import Spoken, words_of

_END = "[DONE]"


class Streamed:
    """Takes the bytes as they arrive, and passes the text on.

    Attributes:
        on_piece: is told every piece of the text.
        size: how many bytes came.
        reason: why the model ended, once it has.
        refusal: the model's own words, where it refuses.
        problem: the endpoint's own words, where it says in the middle of the stream that it failed.
        counts: tokens of the prompt and of the answer; zeros from endpoints that do not tell.
    """

    def __init__(self, on_piece: OnPiece) -> None:
        self.on_piece = on_piece
        self.size = 0
        self.reason: str | None = None
        self.refusal = ""
        self.problem: str | None = None
        self.counts = (0, 0)
        self._spoken = Spoken(on_piece)
        self._rest = b""

    @property
    def text(self) -> str:
        """All of it so far."""
        return self._spoken.text

    @property
    def has_begun(self) -> bool:
        """Whether any text was passed on."""
        return bool(self.text)

    @property
    def is_whole(self) -> bool:
        """Whether the model has ended."""
        return self.reason is not None

    def take(self, block: bytes) -> bool:
        """Read what arrived; False where it is no such stream."""
        self.size += len(block)
        *lines, self._rest = (self._rest + block).split(b"\n")
        try:
            for line in lines:
                self._line(line)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return False
        return True

    def end(self) -> bool:
        """Nothing more arrives: read what is left; False as `take`."""
        is_stream = self.take(b"\n")
        if self.is_whole:
            self._spoken.end()
        return is_stream

    def _line(self, line: bytes) -> None:
        name, _, data = line.partition(b":")
        said = data.decode().strip()
        if name == b"error":  # of llama.cpp
            self.problem = said
        elif name == b"data" and said != _END:
            self._read(json.loads(said))

    def _read(self, chunk: dict[str, Any]) -> None:
        if chunk.get("error") or chunk.get("object") == "error":
            self.problem = words_in(chunk)
            return
        if usage := chunk.get("usage"):
            self.counts = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        for choice in chunk["choices"][:1]:  # the one with the usage has none
            delta = choice.get("delta") or {}
            self.refusal += delta.get("refusal") or ""
            self.reason = choice.get("finish_reason") or self.reason
            if piece := words_of(delta.get("content")):
                self._spoken.take(piece)
