"""An endpoint of OpenAI's chat completions on a free port; every request is checked against the published types."""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from aiohttp import web
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from pydantic import TypeAdapter, ValidationError

PARAMS = {False: CompletionCreateParamsNonStreaming, True: CompletionCreateParamsStreaming}
ADAPTERS = {is_streamed: TypeAdapter(params) for is_streamed, params in PARAMS.items()}
NAMES = {is_streamed: get_type_hints(params).keys() for is_streamed, params in PARAMS.items()}
PIECE = 4
Say = Callable[[dict[str, Any]], Any]


@dataclass
class Endpoint:
    """What was asked, and what is said: a text, a dict of an answer's parts, a web.Response, or seconds of silence.

    A dict may say for a stream that it `breaks` off before its end (True, or the words of an error), or have it `wait`
    for a threading.Event after the first piece.
    """

    say: Say
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.keys.append(request.headers.get("Authorization"))
        self.asked.append(body)
        self.wrong += problems(body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            said = self.say(body)
            if isinstance(said, float):
                await asyncio.sleep(said)
                said = "late"
            await asyncio.sleep(0.01)
        finally:
            self.at_once -= 1
        if isinstance(said, web.Response):
            return said
        return await self._stream(request, said) if body.get("stream") else web.json_response(completion(said))

    async def _stream(self, request: web.Request, said: str | dict[str, Any]) -> web.StreamResponse:
        given = {"content": said} if isinstance(said, str) else said
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for number, chunk in enumerate(chunks(given)):
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
            if number == 1 and "wait" in given:
                await asyncio.to_thread(given["wait"].wait, 30)
        if isinstance(broken := given.get("breaks"), str):
            await response.write(f"data: {json.dumps({'error': {'message': broken}})}\n\n".encode())
        elif broken:
            assert request.transport is not None
            request.transport.close()
        else:
            await response.write(b": thank you\r\n\r\ndata: [DONE]\r\n\r\n")
        return response


def completion(said: str | dict[str, Any]) -> dict[str, Any]:
    """One that the official package reads."""
    given = {"content": said} if isinstance(said, str) else said
    message = {"role": "assistant", "content": given.get("content"), "refusal": given.get("refusal")}
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "seer",
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": given.get("finish_reason", "stop")}
        ],
        "usage": {"prompt_tokens": 100, "completion_tokens": given.get("tokens", 7), "total_tokens": 107},
    }
    ChatCompletion.model_validate(answer, strict=True)
    return answer


def chunks(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The chunks of a stream, that the official package reads; the last one has the usage alone, as was asked for."""
    text = given.get("content") or ""
    deltas = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[begin : begin + PIECE]} for begin in range(0, len(text), PIECE)]
    if "refusal" in given:
        deltas.append({"refusal": given["refusal"]})
    choices: list[list[dict[str, Any]]] = [[{"index": 0, "delta": delta, "finish_reason": None}] for delta in deltas]
    if not given.get("breaks"):
        choices += [[{"index": 0, "delta": {}, "finish_reason": given.get("finish_reason", "stop")}], []]
    for each in choices:
        chunk: dict[str, Any] = {"id": "chatcmpl-1", "created": 1, "model": "seer", "choices": each}
        chunk["object"] = "chat.completion.chunk"
        chunk["usage"] = None if each else completion(given)["usage"]
        ChatCompletionChunk.model_validate(chunk, strict=True)
        yield chunk


def problem_of(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=status)


def problems(body: dict[str, Any]) -> list[str]:
    """What of a request is not of the published schema; its types are lazy about lists, so that these are read out."""
    is_streamed = body.get("stream") is True
    wrong = [f"{name} is no parameter" for name in body.keys() - NAMES[is_streamed]]
    if "stream_options" in body and not is_streamed:
        wrong.append("stream_options without stream")
    try:
        for message in ADAPTERS[is_streamed].validate_python(body)["messages"]:
            if not isinstance(message.get("content"), str | None):
                list(message["content"])
    except ValidationError as error:
        wrong.append(str(error))
    if form := body.get("response_format"):
        wrong += list(_not_strict(form["json_schema"]["schema"], top=True))
    return wrong


def _not_strict(schema: Any, *, top: bool = False) -> Iterator[str]:
    """What strict structured outputs refuse: an object that leaves anything open, and types that JSON Schema lacks."""
    if top and schema.get("type") != "object":
        yield "no object at the top"
    if schema.get("type") == "timestamp":
        yield "timestamp is no type"
    if schema.get("type") == "object" and not (
        schema.get("additionalProperties") is False and sorted(schema["required"]) == sorted(schema["properties"])
    ):
        yield f"an open object: {schema}"
    for part in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())):
        yield from _not_strict(part)
    if "items" in schema:
        yield from _not_strict(schema["items"])


def words(body: dict[str, Any]) -> str:
    """All that is said in a request."""
    return "\n".join(part["text"] for part in parts(body) if part["type"] == "text")


def parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    return list(body["messages"][1]["content"])


def jpegs(body: dict[str, Any]) -> list[bytes]:
    urls = [part["image_url"]["url"] for part in parts(body) if part["type"] == "image_url"]
    return [base64.b64decode(url.removeprefix("data:image/jpeg;base64,"), validate=True) for url in urls]


@contextmanager
def endpoint(say: Say) -> Iterator[Endpoint]:
    """One that runs beside the test, which blocks; at its end no request may have been wrong."""
    stub = Endpoint(say)
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/v1/chat/completions", stub.answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stub.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return runner

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield stub
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
    assert stub.wrong == []
