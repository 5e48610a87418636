"""What can be told of a row without opening its video: stamp, content as far as it is known, what was seen before."""

from dataclasses import dataclass

from pipeline.errors import SourceUnreadable
from pipeline.ledger import LedgerView
from pipeline.ledger.headers import Seen, SeenFiles
from pipeline.media.copies import Copies, print_of
from pipeline.media.identity import stamp_of
from pipeline.media.pictures import identity_of_set, recipe_of_images, url_content
from pipeline.models import FileStamp, Header, Recipe, Video

Row = tuple[Video, Recipe]


@dataclass(frozen=True, slots=True)
class Look:
    """A row as far as one look tells.

    Attributes:
        recipe: with the row's images in it.
        stamp: of its file; None for a URL and for images.
        content: an identity, or what stands for one.
        images: the contents and sizes of files that are analysed in place of a video.
        header: of the file, where it was read before.
        error: why it cannot be looked at.
    """

    video: Video
    recipe: Recipe
    stamp: FileStamp | None = None
    content: str = ""
    images: tuple[tuple[str, int], ...] = ()
    header: Header | None = None
    error: SourceUnreadable | None = None


class Looker:
    """Looks at rows, in worker threads, one slice after the other. All of it blocks."""

    def __init__(self, ledger: LedgerView | None, seen: SeenFiles) -> None:
        """Begin.

        Args:
            ledger: None where there is none.
            seen: what earlier plans saw; this one adds to it.
        """
        self.copies = Copies(self._take_print)
        self._ledger = ledger
        self._seen = seen
        self._fresh: list[Seen] = []

    def note(self, rows: list[Row]) -> list[Row]:
        """Let these files be told from others later."""
        for video, _ in rows:
            if video.path is not None and isinstance(stamp := _stamp(video.path), FileStamp):
                self.copies.note(video.path, stamp, self._known(video.path, stamp))
        self.keep()
        return rows

    def look(self, rows: list[Row]) -> list[Look]:
        """Look at rows that were noted."""
        looks = [self._look_at(video, recipe) for video, recipe in rows]
        self.keep()
        return looks

    def saw(self, look: Look, header: Header) -> None:
        """A header was read. Flaws other than its content's may be mended without a trace in the stamp."""
        if look.video.path is not None and look.stamp is not None and header.flaw in (None, "no_video"):
            self._fresh.append(Seen(look.video.path, look.stamp, header))

    def keep(self) -> None:
        """Write down what was seen since the last time."""
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._seen.keep(fresh)

    def _look_at(self, video: Video, recipe: Recipe) -> Look:
        if video.images:
            return self._look_at_images(video, recipe)
        if video.path is None:
            return Look(video, recipe, content=f"url:{video.source}")
        stamp = _stamp(video.path)
        if isinstance(stamp, SourceUnreadable):
            return Look(video, recipe, error=stamp)
        content = self._known(video.path, stamp) or self.copies.content_of(video.path, stamp)
        seen = self._seen.look(video.path, stamp)
        return Look(video, recipe, stamp, content, header=seen.header if seen else None)

    def _look_at_images(self, video: Video, recipe: Recipe) -> Look:
        contents: list[str] = []
        stamps: list[FileStamp | None] = []
        for image in video.images:
            stamp = None if image.path is None else _stamp(image.path)
            if isinstance(stamp, SourceUnreadable):
                return Look(video, recipe, error=stamp)
            stamps.append(stamp)
            if image.path is None or stamp is None:
                contents.append(url_content(image.source))
            else:
                unread = f"path:{image.source}:{stamp.size_bytes}:{stamp.mtime_ns}"
                contents.append(self._known(image.path, stamp) or unread)
        recipe = recipe_of_images(recipe, video.images, contents, stamps)
        assert recipe.images is not None
        sized = tuple((content, stamp.size_bytes) for content, stamp in zip(contents, stamps, strict=True) if stamp)
        return Look(video, recipe, content=identity_of_set(recipe.images), images=sized)

    def _known(self, path: str, stamp: FileStamp) -> str | None:
        return None if self._ledger is None else self._ledger.known_content(path, stamp)

    def _take_print(self, path: str, stamp: FileStamp) -> bytes | None:
        seen = self._seen.look(path, stamp)
        if seen is not None and seen.print is not None:
            return seen.print
        taken = print_of(path, stamp)
        if taken is not None:
            self._fresh.append(Seen(path, stamp, print=taken))
        return taken


def _stamp(path: str) -> FileStamp | SourceUnreadable:
    try:
        return stamp_of(path)
    except SourceUnreadable as error:
        return error
