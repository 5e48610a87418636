"""A chat completion that comes as server-sent events, piece by piece."""

import json
from typing import Any

from pipeline.server.engines.contract import OnPiece

_END = "[DONE]"


class Streamed:
    """Takes the bytes as they arrive, and passes the text on.

    Attributes:
        on_piece: is told every piece of the text.
        size: how many bytes came.
        text: all of it so far.
        reason: why the model ended, once it has.
        refusal: the model's own words, where it refuses.
        problem: the endpoint's own words, where it says in the middle of the stream that it failed.
        counts: tokens of the prompt and of the answer; zeros from endpoints that do not tell.
    """

    def __init__(self, on_piece: OnPiece) -> None:
        self.on_piece = on_piece
        self.size = 0
        self.text = ""
        self.reason: str | None = None
        self.refusal = ""
        self.problem: str | None = None
        self.counts = (0, 0)
        self._rest = b""

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
                name, _, data = line.partition(b":")
                if name == b"data" and (said := data.decode().strip()) != _END:
                    self._read(json.loads(said))
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return False
        return True

    def _read(self, chunk: dict[str, Any]) -> None:
        if error := chunk.get("error"):
            self.problem = str(error.get("message") if isinstance(error, dict) else error)
            return
        if usage := chunk.get("usage"):
            self.counts = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        for choice in chunk["choices"][:1]:  # the one with the usage has none
            delta = choice.get("delta") or {}
            self.refusal += delta.get("refusal") or ""
            self.reason = choice.get("finish_reason") or self.reason
            if piece := delta.get("content"):
                self.text += piece
                self.on_piece(piece)
