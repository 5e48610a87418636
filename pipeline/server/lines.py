"""An answer as lines of NDJSON, sent while it comes into being or at its end."""

import uuid
from typing import Any

import anyio
import orjson
from aiohttp import web

from pipeline.server.analyses import told, warning
from pipeline.server.engines import Answer
from pipeline.server.faults import hang_up
from pipeline.server.limits import RATE_HEADERS
from pipeline.server.problems import ApiError

# of an answer that came whole: the platform promises no size; small ones show a reader that depends on where they end
PIECE_CHARACTERS = 24


class Lines:
    """The stream that one request is answered with."""

    def __init__(self, request: web.Request, pause_s: float, cut: int | None) -> None:
        """`pause_s` is waited before each piece of an answer that came whole; after `cut` lines the connection ends."""
        self.response = web.StreamResponse(headers=request.get(RATE_HEADERS))
        self._request = request
        self._pause_s = pause_s
        self._cut = cut
        self._sent = 0
        self._generation = {"generation_id": str(uuid.uuid4())}

    async def tell(self, news: str | Answer | ApiError) -> None:
        """Send a piece of the text; or the end of the answer, and all of its text where no piece came before; or the
        end of one that broke off.

        Raises:
            ApiError: it failed before anything was sent.
            ConnectionResetError: the client hung up, or was cut off.
        """
        if isinstance(news, str):
            await self._piece(news)
        elif isinstance(news, Answer):
            await self._end(news)
        elif self._sent:
            # the platform has no line for it: an end without a reason to have ended
            await self._line({"event_type": "stream_end", "metadata": self._generation, "error": _remark(news)})
            await self.response.write_eof()
        else:
            raise news

    async def _piece(self, text: str) -> None:
        if not self._sent:
            await self._line({"event_type": "stream_start", "metadata": self._generation})
        await self._line({"event_type": "text_generation", "text": text})

    async def _end(self, found: Answer) -> None:
        if not self._sent:
            await self._line({"event_type": "stream_start", "metadata": self._generation})
            for begin in range(0, len(found.text), PIECE_CHARACTERS):
                await anyio.sleep(self._pause_s)
                await self._piece(found.text[begin : begin + PIECE_CHARACTERS])
        facts = told(found)
        metadata = {**self._generation, "usage": facts["usage"]}
        end = {"event_type": "stream_end", "finish_reason": facts["finish_reason"], "metadata": metadata}
        if error := warning(found):
            end["error"] = error
        await self._line(end)
        await self.response.write_eof()

    async def _line(self, event: dict[str, Any]) -> None:
        if self._sent == self._cut:
            hang_up(self._request)
            raise ConnectionResetError("the connection was cut on purpose")
        if not self._sent:
            self.response.content_type = "application/x-ndjson"
            self.response.enable_chunked_encoding()
            await self.response.prepare(self._request)
        self._sent += 1
        await self.response.write(orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE))


def _remark(error: ApiError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}
