"""How the words of a question and its images go together. Rules: twelvelabs 1.3.6."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache

from pipeline.models import Recipe

WITH_IMAGES = ("pegasus1.6",)  # the models that analyse images
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


def judge_of(recipe: Recipe) -> Callable[[str | None, tuple[str, ...]], Sequence[str]]:
    """What is wrong with a row's own prompt (None: the recipe's) and the names of its images, if it has any."""
    references = [one["name"] for one in json.loads(recipe.media_sources or "[]")]

    @lru_cache(maxsize=256)  # a whole archive shares one prompt
    def judge(prompt: str | None, images: tuple[str, ...]) -> Sequence[str]:
        words = prompt if prompt is not None else recipe.prompt or ""
        if not images:
            return tuple(reference_problems(words, references))
        return (*image_problems(words, images), *_exclusions(recipe))

    return judge


def _exclusions(recipe: Recipe) -> Iterator[str]:
    """What a question about images alone cannot have."""
    if recipe.model not in WITH_IMAGES:
        yield f"{recipe.model} analyses no images; set recipe.model to {WITH_IMAGES[0]}, or leave images out"
    if recipe.media_sources is not None:
        yield "recipe.media_sources are for videos; leave them out, and name those images in the row"
    if recipe.mode != "general":
        yield f"the mode {recipe.mode} is for videos; ask of images in the mode general"


def _unknown(prompt: str, names: Collection[str]) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(prompt)) - set(names))


def _only(names: Collection[str]) -> str:
    return f"the images are {', '.join(names)}" if names else "there are no images"
