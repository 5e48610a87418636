"""`GET /assets/{asset_id}/transcription`: what is spoken in an asset.

The first request has the asset listened to, beside the requests, and is told so, as is whoever asks before that is
done. What of the speech was not understood is quoted nowhere.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import orjson
from aiohttp import web

from pipeline.config import ServerSettings
from pipeline.server.answering import Answering
from pipeline.server.engines.evidence.timeline import Passage, Utterance
from pipeline.server.files import Files
from pipeline.server.noting import Footage
from pipeline.server.problems import ApiError, answer, invalid, not_found
from pipeline.server.store import Store
from pipeline.server.store.assets import Asset
from pipeline.server.workers import JobRejected, WorkerCrashed

Division = Literal["words", "sentences", "utterances"]
Speech = tuple[Utterance, ...]

# what was noted before is told at once, although a worker reads it
PATIENCE_S = 0.3
# how many ends of listening are remembered; those that were forgotten are read from the notes again, or tried again
MOST_KEPT = 16
MOST_FAILURES_KEPT = 1000


@dataclass(slots=True)
class _Listening:
    """One asset that is listened to, and how that ended; what `may_pass` is tried again when it has been told."""

    asset_id: str
    duration_s: float
    done: anyio.Event = field(default_factory=anyio.Event)
    speech: Speech = ()
    failure: str | None = None
    may_pass: bool = False


class Transcriptions:
    """The handler, and the work behind it."""

    def __init__(self, settings: ServerSettings, store: Store, files: Files, answering: Answering) -> None:
        self._settings = settings
        self._store = store
        self._files = files
        self._answering = answering
        self._listenings: OrderedDict[str, _Listening] = OrderedDict()
        self._send, self._receive = anyio.create_memory_object_stream[_Listening](float("inf"))

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/assets/{asset_id}/transcription", self.retrieve)]

    def close(self) -> None:
        """Take no more."""
        self._send.close()
        self._receive.close()

    async def run(self) -> None:
        """Work for ever; the pool of workers bounds how much is done at once."""
        async with anyio.create_task_group() as group:
            async for listening in self._receive:
                group.start_soon(self._listen, listening)

    async def retrieve(self, request: web.Request) -> web.Response:
        """The state of the transcription and, once it is `ready`, what was asked for of it."""
        wanted = _wanted(request.query.getall("include", ["words"]))
        asset = self._get(request.match_info["asset_id"])
        if asset.status == "processing":
            return answer({"status": "pending"})
        if asset.status == "failed":
            return _failed(f"The asset has failed: {asset.error}")
        if not _has_sound(asset):
            raise _none(asset.id, "has no sound")
        listening = self._listening(asset)
        with anyio.move_on_after(PATIENCE_S):
            await listening.done.wait()
        if not listening.done.is_set():
            return answer({"status": "processing"})
        if listening.failure is not None:
            if listening.may_pass and self._listenings.get(asset.id) is listening:
                del self._listenings[asset.id]
            return _failed(listening.failure)
        divided: dict[str, object] = {name: DIVISIONS[name](listening.speech) for name in wanted}
        return answer({"status": "ready", **divided})

    def _get(self, asset_id: str) -> Asset:
        asset = self._store.assets.get(asset_id)
        if asset is None:
            raise not_found("asset", asset_id, self._settings.missing_asset_status)
        return asset

    def _listening(self, asset: Asset) -> _Listening:
        """The one under way or done, else one that begins now."""
        listening = self._listenings.get(asset.id)
        if listening is None:
            listening = self._listenings[asset.id] = _Listening(asset.id, asset.duration or 0)
            self._send.send_nowait(listening)
        self._listenings.move_to_end(asset.id)
        return listening

    async def _listen(self, listening: _Listening) -> None:
        video = Footage(self._files.media(listening.asset_id), listening.duration_s)
        try:
            listening.speech = await self._answering.listen(video, self._files.notes(listening.asset_id))
        except JobRejected as verdict:
            listening.failure = str(verdict)
        except WorkerCrashed as crash:
            listening.failure = f"The speech could not be transcribed: {crash}."
            listening.may_pass = True
        listening.done.set()
        self._forget_oldest(MOST_KEPT, failed=False)
        self._forget_oldest(MOST_FAILURES_KEPT, failed=True)

    def _forget_oldest(self, most: int, *, failed: bool) -> None:
        ended = [each for each in self._listenings.values() if each.done.is_set() and bool(each.failure) == failed]
        for listening in ended[: max(0, len(ended) - most)]:
            del self._listenings[listening.asset_id]


def words(speech: Speech) -> list[dict[str, Any]]:
    """One entry for each word that was understood."""
    return [_entry(word, word.text) for utterance in speech for word in utterance.words]


def sentences(speech: Speech) -> list[dict[str, Any]]:
    """One for each stretch without a longer pause that was understood: nothing here tells where a sentence ends."""
    return [_entry(each, each.text) for each in speech if each.understood and each.text]


def utterances(speech: Speech) -> list[dict[str, Any]]:
    """One for each stretch, with an empty value where it was not understood; who speaks is never told."""
    return [_entry(each, each.text if each.understood else "") for each in speech]


DIVISIONS: dict[Division, Callable[[Speech], list[dict[str, Any]]]] = {
    "words": words,
    "sentences": sentences,
    "utterances": utterances,
}


def _entry(passage: Passage, value: str) -> dict[str, Any]:
    return {"start": passage.start_s, "end": passage.end_s, "value": value}


def _wanted(given: Sequence[str]) -> Iterable[Division]:
    """Values may be repeated, or stand in one with commas between them."""
    names = {name for value in given for name in value.split(",")}
    if unknown := names - DIVISIONS.keys():
        raise invalid(f"The include parameter has unknown values: {', '.join(sorted(unknown))}.")
    return [name for name in DIVISIONS if name in names]


def _has_sound(asset: Asset) -> bool:
    return bool(orjson.loads(asset.technical_metadata or "{}").get("has_audio"))


def _failed(reason: str) -> web.Response:
    return answer({"status": "failed", "error": {"message": reason}})


def _none(asset_id: str, reason: str) -> ApiError:
    return ApiError(404, "resource_not_exist", f"The asset {asset_id} has no transcription: it {reason}.")
