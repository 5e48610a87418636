"""How the words of a question and its images go together. Rules: twelvelabs 1.3.6."""

import json
import re
from collections.abc import Collection, Iterator

PLACEHOLDER = re.compile(r"<@([^<>\s]+)>")
MOST_MEDIA_SOURCES = 4
# the platform's own example of a placeholder, `<@tiger-1>`, has a hyphen
REFERENCE_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")


def reference_problems(prompt: str, names: Collection[str]) -> Iterator[str]:
    """What is wrong with reference images and the prompt that speaks of them, each with its remedy.

    Args:
        prompt: with `<@name>` where it speaks of an image; every image need not be spoken of.
        names: of the images.
    """
    if len(names) > MOST_MEDIA_SOURCES:
        yield f"there are {len(names)} images, the platform takes {MOST_MEDIA_SOURCES}; leave some out"
    for name in names:
        if not REFERENCE_NAME.match(name):
            yield f"the name {name!r} has characters that no image's name has; use A-Z a-z 0-9 _ -"
    for name in _unknown(prompt, names):
        yield f"the prompt speaks of <@{name}>, but {_only(names)}; add it to media_sources, or correct the name"


def image_problems(prompt: str, names: Collection[str]) -> Iterator[str]:
    """What is wrong with images that are analysed themselves and the prompt: it speaks of all of them, or of none."""
    unknown = _unknown(prompt, names)
    for name in unknown:
        yield f"the prompt speaks of <@{name}>, but {_only(names)}; add that image, or correct the name"
    spoken = set(PLACEHOLDER.findall(prompt))
    if spoken and not unknown and (left_out := sorted(set(names) - spoken)):
        yield f"the prompt speaks of some images and not of {', '.join(left_out)}; let it speak of all or of none"


def names_of(pictures: str | None) -> list[str]:
    """The names of images as they stand in a recipe."""
    return [one["name"] for one in json.loads(pictures or "[]")]


def _unknown(prompt: str, names: Collection[str]) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(prompt)) - set(names))


def _only(names: Collection[str]) -> str:
    return f"the images are {', '.join(names)}" if names else "there are no images"
