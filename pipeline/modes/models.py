"""What each model takes. Numbers: TwelveLabs API reference of July 2026 (pegasus1.2), twelvelabs 1.3.6 (the others)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pipeline.models import Recipe


@dataclass(frozen=True, slots=True)
class ModelRules:
    """One model.

    Attributes:
        general_tokens: bounds of `max_tokens` in general analysis.
        segment_tokens: the same of segments; None where the model has none.
        general_default, segment_default: `max_tokens` where none is said.
        prompt_tokens: most tokens of a prompt; of the newer models it is the context window.
        clipping: part of a video may be analysed.
        references: prompts may speak of reference images.
        timestamps: a schema may have the type `timestamp`.
        integer_bounds: a schema may bound integers.
        images: images alone may be analysed.
        time_array: segments may have fields of the type `time_array`.
        unlimited: `max_tokens: unlimited`, for segments.
        batches: the platform's batches take it.
    """

    general_tokens: tuple[int, int]
    segment_tokens: tuple[int, int] | None
    prompt_tokens: int
    clipping: bool = True
    references: bool = True
    timestamps: bool = True
    integer_bounds: bool = True
    images: bool = False
    time_array: bool = False
    unlimited: bool = False
    batches: bool = False
    general_default: int = 4_096
    segment_default: int = 32_768


PEGASUS_1_5 = ModelRules((512, 98_304), (2_048, 98_304), prompt_tokens=261_120, batches=True)
MODELS = {
    "pegasus1.2": ModelRules(
        (2, 4_096),
        None,
        prompt_tokens=2_000,
        clipping=False,
        references=False,
        timestamps=False,
        integer_bounds=False,
    ),
    "pegasus1.5": PEGASUS_1_5,
    # its context window is not documented; the one before it serves
    "pegasus1.6": replace(PEGASUS_1_5, images=True, time_array=True, unlimited=True, batches=False),
}
NEWEST = "pegasus1.6"
VERSIONED = re.compile(r"pegasus(\d+)\.(\d+)\Z")
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})


def rules_of(model: str) -> ModelRules | None:
    """The rules of a model; a version that is newer than the table is held to those of the newest; None is no model."""
    if model in MODELS:
        return MODELS[model]
    return MODELS[NEWEST] if _version(model) > _version(NEWEST) else None


def most_tokens(recipe: Recipe) -> int | None:
    """What an answer may take at most; None where the model is not known."""
    rules = rules_of(recipe.model)
    if isinstance(recipe.max_tokens, int) or rules is None:
        return recipe.max_tokens if isinstance(recipe.max_tokens, int) else None
    if recipe.max_tokens == "unlimited" and rules.segment_tokens is not None:
        return rules.segment_tokens[1]
    return rules.segment_default if recipe.mode == "segments" else rules.general_default


def model_problems(recipe: Recipe) -> Iterator[str]:
    """Everything in a recipe that its model does not take, each with the limit and a remedy."""
    rules = rules_of(recipe.model)
    if rules is None:
        yield f"there is no model {recipe.model!r}; write one of {', '.join(MODELS)}"
        return
    yield from _token_problems(recipe, rules)
    yield from _prompt_problems(recipe, rules)
    yield from _feature_problems(recipe, rules)


def _token_problems(recipe: Recipe, rules: ModelRules) -> Iterator[str]:
    is_segments = recipe.mode == "segments"
    if recipe.max_tokens == "unlimited":
        if not is_segments:
            yield "max_tokens unlimited is for the mode segments; write a number, or leave it out"
        elif not rules.unlimited:
            known = _models("unlimited")
            yield f"max_tokens unlimited is not for {recipe.model}; set recipe.model to {known}, or write a number"
        return
    bounds = rules.segment_tokens if is_segments else rules.general_tokens
    if recipe.max_tokens is None or bounds is None or bounds[0] <= recipe.max_tokens <= bounds[1]:
        return
    yield (
        f"max_tokens {recipe.max_tokens:,} is beyond what {recipe.model} takes in the mode {recipe.mode}: "
        f"{bounds[0]:,} to {bounds[1]:,}"
    )


def _prompt_problems(recipe: Recipe, rules: ModelRules) -> Iterator[str]:
    """A word is a token at least, so this refuses nothing that the platform would take."""
    prompt = recipe.prompt or ""
    if len(prompt) > rules.prompt_tokens and (words := len(prompt.split())) > rules.prompt_tokens:
        yield f"the prompt has {words:,} words; {recipe.model} takes {rules.prompt_tokens:,} tokens; shorten it"


def _feature_problems(recipe: Recipe, rules: ModelRules) -> Iterator[str]:
    asked = {
        "segment_tokens": ("has no mode segments", recipe.mode == "segments"),
        "clipping": (
            "analyses whole videos, without start_time and end_time",
            recipe.start_time_s is not None or recipe.end_time_s is not None,
        ),
        "references": ("takes no reference images", recipe.media_sources is not None),
        "images": ("analyses no images", recipe.images is not None),
        "timestamps": (
            "has no type timestamp",
            recipe.json_schema is not None and "timestamp" in _used(recipe.json_schema),
        ),
        "integer_bounds": (
            "takes no bounds of integers",
            recipe.json_schema is not None and "bounds" in _used(recipe.json_schema),
        ),
        "time_array": (
            "has no fields of the type time_array",
            recipe.segment_definitions is not None and "time_array" in _used(recipe.segment_definitions),
        ),
    }
    for feature, (lack, is_asked) in asked.items():
        if is_asked and not getattr(rules, feature):
            yield f"{recipe.model} {lack}; set recipe.model to {_models(feature)}, or leave that out"


@lru_cache(maxsize=64)
def _used(form: str) -> frozenset[str]:
    """Which features of a model the form of an answer needs."""
    return frozenset(_features(json.loads(form)))


def _features(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for member in part:
            yield from _features(member)
    elif isinstance(part, dict):
        if part.get("type") in ("timestamp", "time_array"):
            yield part["type"]
        if part.get("type") == "integer" and not BOUNDS.isdisjoint(part):
            yield "bounds"
        for member in part.values():
            yield from _features(member)


def _models(feature: str) -> str:
    return " or ".join(name for name, rules in MODELS.items() if getattr(rules, feature))


def _version(model: str) -> tuple[int, int]:
    match = VERSIONED.match(model)
    return (int(match[1]), int(match[2])) if match else (-1, -1)
