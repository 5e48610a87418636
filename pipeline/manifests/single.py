"""One video, given in the place of a manifest: a list of one."""

from collections.abc import Iterator, Sequence

from pipeline.manifests.contract import Place
from pipeline.manifests.listed import Problems, judged
from pipeline.manifests.rows import video_of
from pipeline.models import Video


class Single:
    """See `contract.Manifest`."""

    unread: Sequence[str] = ()

    def __init__(self, place: Place) -> None:
        self._place = place
        self._row = {"source": place.path}

    def check(self) -> int:
        problems = Problems(self._place.name)
        for problem in judged(self._row, self._place):
            problems.add(1, problem)
        problems.raise_if_any()
        return 1

    def videos(self) -> Iterator[Video]:
        yield video_of(self._row, self._place.base)
