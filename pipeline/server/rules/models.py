"""What each model takes: TwelveLabs API reference of July 2026 (pegasus1.2), twelvelabs 1.3.6 (the others)."""

from dataclasses import dataclass, replace
from typing import Literal

from pipeline.config import ServerSettings
from pipeline.server.problems import invalid

Delivery = Literal["sync", "task", "batch"]


@dataclass(frozen=True, slots=True)
class TokenBounds:
    """The length of answers that may be asked for, in tokens, and the one where none is."""

    low: int
    high: int
    default: int


@dataclass(frozen=True, slots=True)
class ModelRules:
    """One model.

    Attributes:
        deliveries: the endpoints that take it.
        prompt_tokens: most tokens of a prompt; of the newer models it is the context window.
        general: bounds of `max_tokens` in general analysis.
        segments: the same of segments; None where there are none.
        clipping: part of a video may be analysed.
        prompt_v2: prompts may refer to images.
        timestamps: answers may have the type `timestamp`.
        integer_bounds: integers of a schema may be bounded; pegasus1.2 was seen to refuse that.
        images: images alone may be analysed.
        time_array: segments may have fields of the type `time_array`.
        unlimited: the length of segment answers may be unlimited.
    """

    deliveries: frozenset[Delivery]
    prompt_tokens: int
    general: TokenBounds
    segments: TokenBounds | None = None
    clipping: bool = False
    prompt_v2: bool = False
    timestamps: bool = False
    integer_bounds: bool = False
    images: bool = False
    time_array: bool = False
    unlimited: bool = False


PEGASUS_1_5 = ModelRules(
    deliveries=frozenset(("sync", "task", "batch")),
    prompt_tokens=261_120,
    general=TokenBounds(512, 98_304, 4_096),
    segments=TokenBounds(2_048, 98_304, 32_768),
    clipping=True,
    prompt_v2=True,
    timestamps=True,
    integer_bounds=True,
)
MODELS: dict[str, ModelRules] = {
    "pegasus1.2": ModelRules(
        deliveries=frozenset(("sync", "task")), prompt_tokens=2_000, general=TokenBounds(2, 4_096, 4_096)
    ),
    "pegasus1.5": PEGASUS_1_5,
    # its context window is not documented; the one before it serves
    "pegasus1.6": replace(
        PEGASUS_1_5, deliveries=frozenset(("sync", "task")), images=True, time_array=True, unlimited=True
    ),
}


def choose(settings: ServerSettings, name: str | None, delivery: Delivery) -> tuple[str, ModelRules]:
    """The model that is asked, and its rules.

    Raises:
        ApiError: 400 parameter_invalid; there is no such model, or not here.
    """
    offered = [model for model in settings.models if delivery in MODELS[model].deliveries]
    chosen = name if name is not None else offered[0] if offered else None
    if chosen is None or chosen not in offered:
        raise invalid(f"The model_name parameter must be one of {', '.join(offered) or '(none)'}.")
    return chosen, rules_of(settings, chosen)


def rules_of(settings: ServerSettings, model: str) -> ModelRules:
    """A model's rules, with the bounds that the settings put in place of its own."""
    # a task may be older than the table
    rules = MODELS.get(model, PEGASUS_1_5)
    own = rules.general
    general = TokenBounds(
        settings.max_tokens_min or own.low,
        settings.max_tokens_max or own.high,
        settings.max_tokens_default or own.default,
    )
    return replace(rules, general=general, prompt_tokens=settings.context_tokens or rules.prompt_tokens)
