"""Images of questions are made available once, to a real platform."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from pipeline.client import Platform
from pipeline.config import ServerSettings, UploadSettings
from pipeline.errors import SourceUnreadable, UploadRejected
from pipeline.jobs import Job
from pipeline.ledger import Ledger
from pipeline.media.pictures import Gallery, text_of
from pipeline.models import FileStamp, Identity, Picture, Recipe, Video
from pipeline.modes import MODES
from pipeline.server.app import Platform as Server
from pipeline.server.app import serve
from pipeline.steps.pictures import PictureDesk
from tests.contract.stills import still
from tests.unit.client.conftest import KEY, open_client

pytestmark = pytest.mark.anyio

LARGE = {"inline_image_bytes": 0}


@dataclass(frozen=True)
class Desk:
    """The desk of one run, and what it works with."""

    desk: PictureDesk
    ledger: Ledger
    client: Platform
    server: Server

    async def places(self, job: Job) -> Any:
        """Where the images of a job are found."""
        return await self.desk.available(job, MODES["general"].build_request(job.recipe))

    async def accept(self, recipe: Recipe, source: str = "/a.mp4") -> Job:
        return await self.ledger.accept(Video(source, source), recipe, Identity("blake3:1", FileStamp(1, 1)), "r")

    @property
    def uploads(self) -> int:
        return self.server.store.books().requests.get("POST /assets", 0)

    def anew(self) -> "Desk":
        """As in the next run."""
        return replace(self, desk=replace(self.desk, _ready={}))


@pytest.fixture
def open_desk(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Desk]]:
    @asynccontextmanager
    async def opened(platform: dict[str, Any] | None = None, **upload: Any) -> AsyncIterator[Desk]:
        settings = ServerSettings(data=tmp_path / "platform", engine="echo", **(platform or {}))
        with anyio.fail_after(60):
            async with (
                serve(settings, KEY) as server,
                open_client(server.base_url) as client,
                Ledger(tmp_path / "ledger.db") as ledger,
            ):
                desk = PictureDesk(client, ledger, UploadSettings(**upload), lambda _: None)
                yield Desk(desk, ledger, client, server)

    return opened


def asking(**named: str | Path) -> Recipe:
    gallery = Gallery()
    pictures = [Picture(name, gallery.content_of(str(source), "/")) for name, source in named.items()]
    places = gallery.whereabouts([picture.content for picture in pictures])
    return Recipe("local", "pegasus1.5", "What?", media_sources=text_of(pictures), whereabouts=places)


def written(path: Path, **shape: Any) -> Path:
    path.write_bytes(still(**shape))
    return path


async def test_a_url_goes_as_it_is_and_a_small_file_inside_the_question(open_desk, tmp_path: Path) -> None:
    """Neither of them is uploaded."""
    path = written(tmp_path / "a.png")
    async with open_desk() as desk:
        job = await desk.accept(asking(near=path, far="https://example.org/b.png"))
        near, far = (await desk.places(job)).values()
        assert base64.b64decode(near["base64_string"]) == path.read_bytes()
        assert far == {"url": "https://example.org/b.png"}
        assert desk.uploads == 0


async def test_a_thousand_jobs_upload_their_image_once(open_desk, tmp_path: Path) -> None:
    """Whoever comes while it is under way waits for it, and the next run finds it ready."""
    recipe = asking(dog=written(tmp_path / "no suffix"))
    found = []
    async with open_desk(**LARGE) as desk:
        job = await desk.accept(recipe)

        async def ask(one: Job) -> None:
            found.append(await desk.places(one))

        async with anyio.create_task_group() as group:
            for number in range(1000):
                group.start_soon(ask, replace(job, key=str(number)))
        (content,) = found[0]
        assert found == [found[0]] * 1000
        assert found[0][content] == {"asset_id": desk.ledger.held_asset("local", content).asset_id}
        asset = await desk.client.assets.retrieve(found[0][content]["asset_id"])
        assert asset.status == "ready"
        assert desk.server.store.assets.get(asset.id).filename == "no suffix.png"
        assert await desk.anew().places(job) == found[0]
        assert desk.uploads == 1


async def test_an_image_that_is_gone_from_the_platform_is_uploaded_again(open_desk, tmp_path: Path) -> None:
    """What an earlier run uploaded is looked for before it is used."""
    async with open_desk(**LARGE) as desk:
        job = await desk.accept(asking(dog=written(tmp_path / "a.png")))
        (first,) = (await desk.places(job)).values()
        desk.server.store.assets.delete(first["asset_id"])
        (second,) = (await desk.anew().places(job)).values()
        assert second != first
        assert desk.uploads == 2


async def test_an_image_that_goes_while_a_run_needs_it_is_found_out_by_a_review(open_desk, tmp_path: Path) -> None:
    """It is uploaded anew when it is next needed, but not for ever."""
    async with open_desk(**LARGE) as desk:
        job = await desk.accept(asking(dog=written(tmp_path / "a.png")))
        (first,) = (await desk.places(job)).values()
        await desk.desk.review(job)
        assert (await desk.places(job)).popitem()[1] == first
        desk.server.store.assets.delete(first["asset_id"])
        await desk.desk.review(job)
        assert (await desk.places(job)).popitem()[1] != first
        await desk.desk.review(job)
        with pytest.raises(UploadRejected, match="was gone 3 times; find out what deletes it"):
            await desk.desk.review(job)


@pytest.mark.parametrize("upload", [{}, LARGE], ids=["small", "large"])
async def test_an_image_that_is_gone_or_changed_is_named(open_desk, tmp_path: Path, upload: dict[str, int]) -> None:
    """A question is asked with the content it was meant with, or not at all."""
    path = written(tmp_path / "a.png")
    async with open_desk(**upload) as desk:
        job = await desk.accept(asking(dog=path))
        written(path, width=80)
        with pytest.raises(SourceUnreadable, match=r"image dog, .*a\.png, has other content than when .* restore it"):
            await desk.places(job)
        path.unlink()
        with pytest.raises(SourceUnreadable, match=r"a\.png: there is no such file"):
            await desk.places(job)
        assert desk.uploads == 0


async def test_an_image_that_no_file_is_known_of_is_named(open_desk, tmp_path: Path) -> None:
    """Its content alone does not say where it lies."""
    async with open_desk() as desk:
        job = await desk.accept(replace(asking(dog=written(tmp_path / "a.png")), whereabouts=()))
        with pytest.raises(SourceUnreadable, match=r"image dog .*: no file of this content is known"):
            await desk.places(job)


async def test_an_image_that_the_platform_refuses_is_no_fault_of_the_video(open_desk, tmp_path: Path) -> None:
    """The image is named, and its asset is not used again."""
    recipe = asking(dog=written(tmp_path / "a.png"))
    async with open_desk({"reference_max_bytes": 10}, **LARGE) as desk:
        job = await desk.accept(recipe)
        with pytest.raises(UploadRejected, match="image dog: the platform will not take"):
            await desk.places(job)
        assert desk.ledger.held_asset("local", recipe.whereabouts[0].content) is None
