"""What is asked in words and images: which of them may come together, and how words refer to images."""

import re
from collections.abc import Sequence

from pipeline.server.engines.tokens import count_tokens
from pipeline.server.problems import ApiError, invalid, missing
from pipeline.server.rules.models import ModelRules
from pipeline.server.schemas import GeneralAsk, Picture, PromptV2

PLACEHOLDER = re.compile(r"<@([^<>\s]+)>")


def check_prompts(ask: GeneralAsk, rules: ModelRules, model: str) -> None:
    """Raises ApiError: 400, for general analysis."""
    if ask.prompt is not None and ask.prompt_v2 is not None:
        raise invalid("The prompt and prompt_v2 parameters exclude each other.")
    if ask.image is not None:
        _check_images(ask, rules, model)
    if ask.prompt_v2 is not None:
        if not rules.prompt_v2:
            raise invalid(f"The prompt_v2 parameter is not supported by {model}.")
        _check_references(ask.prompt_v2)
    name, text = _words(ask)
    if not text.strip():
        raise invalid(f"The {name} parameter must not be empty.")
    if count_tokens(text) > rules.prompt_tokens:
        raise ApiError(
            400, "token_limit_exceeded", f"The {name} parameter is longer than {rules.prompt_tokens:,} tokens."
        )


def _words(ask: GeneralAsk) -> tuple[str, str]:
    if ask.prompt_v2 is not None:
        return "prompt_v2.input_text", ask.prompt_v2.input_text
    if ask.prompt is None:
        raise missing("prompt")
    return "prompt", ask.prompt


def _check_images(ask: GeneralAsk, rules: ModelRules, model: str) -> None:
    assert ask.image is not None
    if not rules.images:
        raise invalid(f"The image parameter is not supported by {model}; it requires pegasus1.6.")
    if ask.prompt_v2 is not None:
        raise invalid("The image and prompt_v2 parameters exclude each other.")
    if ask.prompt is None:
        raise missing("prompt")
    names = check_pictures("image", ask.image)
    meant = set(PLACEHOLDER.findall(ask.prompt))
    if unknown := sorted(meant - names):
        raise invalid(f"The prompt parameter refers to images that are not there: {', '.join(unknown)}.")
    if meant and meant != names:
        raise invalid(f"The prompt parameter must refer to every image or to none; {_list(names - meant)} left out.")


def _check_references(prompt: PromptV2) -> None:
    names = check_pictures("prompt_v2.media_sources", prompt.media_sources or ())
    if unknown := sorted(set(PLACEHOLDER.findall(prompt.input_text)) - names):
        raise invalid(f"The prompt_v2.input_text parameter refers to images that are not there: {', '.join(unknown)}.")


def check_pictures(path: str, pictures: Sequence[Picture]) -> set[str]:
    """The names of images that belong together.

    Raises:
        ApiError: 400; a name is used twice, or an image has not exactly one source.
    """
    names = set()
    for picture in pictures:
        if picture.name in names:
            raise invalid(f"The {path} parameter uses the name {picture.name} twice.")
        names.add(picture.name)
        sources = [picture.url, picture.asset_id, picture.base64_string]
        if sum(source is not None for source in sources) != 1:
            raise invalid(f"The {path} parameter: {picture.name} needs exactly one of url, asset_id and base64_string.")
    return names


def _list(names: set[str]) -> str:
    return f"{', '.join(sorted(names))} {'is' if len(names) == 1 else 'are'}"
