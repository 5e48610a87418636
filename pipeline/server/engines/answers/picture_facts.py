"""Still pictures as what is known: one, or several together."""

from collections.abc import Sequence
from itertools import combinations
from statistics import fmean

from pipeline.server.engines import wording
from pipeline.server.engines.answers.pictures import Still, tell_difference, tell_still
from pipeline.server.engines.answers.qualities import colour_truths, shape_labels, shape_truths
from pipeline.server.engines.known import Known
from pipeline.server.engines.likeness import alike

_MOST_PAIRS_TOLD = 20


def of_stills(stills: Sequence[Still]) -> Known:
    """One picture, or several together."""
    each = {still.name: _of_still(still) for still in stills}
    images = tuple(each.values())
    if len(stills) == 1:
        return Known(
            summary=images[0].summary,
            numbers=images[0].numbers,
            labels=images[0].labels,
            truths=images[0].truths,
            colours=images[0].colours,
            parts={"images": images},
            named=each,
        )
    pairs = list(combinations(stills, 2))
    brightness = fmean(still.brightness for still in stills)
    told = [image.summary for image in images] + [tell_difference(*pair) for pair in pairs[:_MOST_PAIRS_TOLD]]
    return Known(
        summary=" ".join(told),
        numbers={
            "brightness": brightness,
            "darkness": 1 - brightness,
            "likeness": fmean(alike(one.sketch, other.sketch) for one, other in pairs),
        },
        labels={"brightness": wording.word(wording.BRIGHTNESS, brightness)},
        colours=_mean_colours(stills),
        parts={"images": images},
        named=each,
    )


def _of_still(still: Still) -> Known:
    return Known(
        summary=tell_still(still),
        numbers={
            "width": still.width,
            "height": still.height,
            "size": still.size_bytes,
            "brightness": still.brightness,
            "darkness": 1 - still.brightness,
        },
        labels={
            "name": still.name,
            "codec": still.kind,
            "container": still.kind,
            "brightness": wording.word(wording.BRIGHTNESS, still.brightness),
            **shape_labels(still.width, still.height),
        },
        truths={
            "dark": still.brightness < wording.DARK,
            "bright": still.brightness >= wording.BRIGHT,
            **shape_truths(still.width, still.height),
            **colour_truths(still.colours),
        },
        colours=still.colours,
    )


def _mean_colours(stills: Sequence[Still]) -> tuple[tuple[str, float], ...]:
    names = sorted({name for still in stills for name, _ in still.colours})
    shares = {name: sum(dict(still.colours).get(name, 0.0) for still in stills) / len(stills) for name in names}
    return tuple(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))
