"""What a line on screen is: a title of its own, or something that recurs: a mark, a ticker, a timecode."""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from itertools import groupby

from pipeline.server.engines.evidence.gate import EDGE
from pipeline.server.engines.evidence.lines import Track, alike
from pipeline.server.engines.evidence.timeline import Line, LineKind

_CLOCK = re.compile(r"^\W*\d{1,2}\s*[:.;]\s*\d{2}(\s*[:.;]\s*\d{2}){0,2}\W*$")
# A mark is at one place in so many shots, or for so much of the time and at least so long.
_SHOTS_OF_MARK, _SHARE_OF_MARK, _LEAST_OF_MARK_S = 3, 0.6, 15.0
# Tracks that stand at one height follow one another within so long if they are of one ticker.
_SAME_HEIGHT, _TICKER_PAUSE_S = 0.025, 10.0
# A ticker comes in pieces that run along, mostly from one edge of the picture.
_PIECES = 3
_SAME_PLACE = 0.05
# A line that is first read so soon after a shot begins was there from its beginning.
_SETTLES_S = 0.4
# Pieces of a ticker overlap by at least so many letters; no ticker is told beyond so many.
_OVERLAP, _LONGEST = 5, 1_000
# Looking further back for a group costs time without end, and what was last seen long ago is another thing.
_GROUPS_TRIED = 200


def lines_of(tracks: Sequence[Track], boundaries_s: Sequence[float], start_s: float, end_s: float) -> tuple[Line, ...]:
    """The lines of a window in order of time, what recurs gathered into one line each."""
    rest, told = list(tracks), []
    finders: tuple[tuple[LineKind, Callable[[list[Track]], list[list[Track]]]], ...] = (
        ("timecode", _clocks),
        ("mark", lambda found: _marks(found, boundaries_s, end_s - start_s)),
        ("ticker", _tickers),
    )
    for kind, find in finders:
        groups = find(rest)
        taken = {id(track) for group in groups for track in group}
        rest = [track for track in rest if id(track) not in taken]
        told += [_line(kind, group, boundaries_s, end_s) for group in groups]
    told += [_line("title", [track], boundaries_s, end_s) for track in rest]
    return tuple(sorted(told, key=lambda line: (line.start_s, line.box[1], line.box[0])))


def _clocks(tracks: Sequence[Track]) -> list[list[Track]]:
    """Numbers like 00:12:07 that change at one place."""
    clocks = [track for track in tracks if _CLOCK.match(track.text())]
    groups = _grouped(clocks, lambda one, other: _is_near(one, other, _SAME_PLACE))
    return [group for group in groups if len({text for track in group for text in _texts(track)}) > 1]


def _marks(tracks: Sequence[Track], boundaries_s: Sequence[float], window_s: float) -> list[list[Track]]:
    """One text at one place through several shots, most of the time."""
    whole = [track for track in tracks if track.last.box[0] >= EDGE and track.last.box[2] <= 1 - EDGE]
    groups = _grouped(whole, lambda one, other: _is_near(one, other, _SAME_PLACE) and alike(one.text(), other.text()))
    return [group for group in groups if _recurs(group, boundaries_s, window_s)]


def _recurs(group: Sequence[Track], boundaries_s: Sequence[float], window_s: float) -> bool:
    first_s, last_s = group[0].start_s, max(track.seen_s for track in group)
    shots = 1 + sum(first_s < boundary_s <= last_s for boundary_s in boundaries_s)
    span_s = last_s - first_s
    return shots >= _SHOTS_OF_MARK and span_s >= _LEAST_OF_MARK_S and span_s >= _SHARE_OF_MARK * window_s


def _tickers(tracks: Sequence[Track]) -> list[list[Track]]:
    """Pieces of text that follow one another at one height, most of them cut off by an edge of the picture."""
    groups = _grouped(
        tracks,
        lambda one, other: (
            abs(one.last.box[1] - other.last.box[1]) < _SAME_HEIGHT
            and abs(one.last.box[3] - other.last.box[3]) < _SAME_HEIGHT
            and other.start_s - one.seen_s < _TICKER_PAUSE_S
        ),
    )
    return [group for group in groups if _runs_along(group)]


def _runs_along(group: Sequence[Track]) -> bool:
    boxes = [box for track in group for box in track.boxes()]
    at_edge = sum(box[0] < EDGE or box[2] > 1 - EDGE for box in boxes)
    places = {round(box[0], 2) for box in boxes} | {round(box[2], 2) for box in boxes}
    return len(boxes) >= _PIECES and 2 * at_edge >= len(boxes) and len(places) > _PIECES


def _grouped(tracks: Iterable[Track], belongs: Callable[[Track, Track], bool]) -> list[list[Track]]:
    """Each track with the latest group whose last member it belongs to."""
    groups: list[list[Track]] = []
    for track in sorted(tracks, key=lambda each: each.start_s):
        group = next((each for each in reversed(groups[-_GROUPS_TRIED:]) if belongs(each[-1], track)), None)
        if group is None:
            groups.append([track])
        else:
            group.append(track)
    return groups


def _is_near(one: Track, other: Track, share: float) -> bool:
    return all(abs(side - its_side) < share for side, its_side in zip(one.last.box, other.last.box, strict=True))


def _texts(track: Track) -> list[str]:
    return [reading.text for reading in track.readings]


def _line(kind: LineKind, group: Sequence[Track], boundaries_s: Sequence[float], end_s: float) -> Line:
    first, last = group[0], max(group, key=lambda track: track.seen_s)
    boxes = [box for track in group for box in track.boxes()]
    best = max(group, key=lambda track: (track.count, track.confidence()))
    box = best.last.box
    if kind == "ticker":
        box = (min(each[0] for each in boxes), box[1], max(each[2] for each in boxes), box[3])
    return Line(
        start_s=round(_appeared_s(first, boundaries_s), 3),
        end_s=round(_vanished_s(last, boundaries_s, end_s), 3),
        confidence=round(best.confidence(), 3),
        text=_text(kind, group, best),
        kind=kind,
        box=box,
        height_px=best.last.height_px,
        readings=sum(track.count for track in group),
    )


def _text(kind: LineKind, group: Sequence[Track], best: Track) -> str:
    texts = [text for track in group for text in _texts(track)]
    if kind == "timecode":
        return f"{texts[0]} to {texts[-1]}"
    return _stitched(texts) if kind == "ticker" else best.text()


def _stitched(pieces: Iterable[str]) -> str:
    """Pieces that overlap as one text; what was there before is not told again."""
    told = ""
    for piece, _ in groupby(pieces):
        match = SequenceMatcher(None, told, piece, autojunk=False).find_longest_match()
        if match.size < min(_OVERLAP, len(piece)):
            told = f"{told} ... {piece}" if told else piece
        elif match.a + match.size >= len(told) - 2:
            told = told[: match.a] + piece[match.b :]
    return told[:_LONGEST]


def _appeared_s(track: Track, boundaries_s: Sequence[float]) -> float:
    return next((each for each in boundaries_s if 0 <= track.start_s - each < _SETTLES_S), track.start_s)


def _vanished_s(track: Track, boundaries_s: Sequence[float], end_s: float) -> float:
    """At the shot's end where it was not seen after that, else when it was found missing."""
    gone_s = end_s if track.gone_s is None else track.gone_s
    return next((each for each in boundaries_s if track.seen_s < each <= gone_s), gone_s)
