"""General analysis: one prompt, one text."""

import json
from collections.abc import Iterator

from pipeline.models import AnalysisRequest, Picture, Recipe, Result
from pipeline.modes.envelope import unwrap
from pipeline.modes.pictures import image_problems, names_of, reference_problems
from pipeline.modes.structured import judge


def problems(recipe: Recipe) -> Iterator[str]:
    """What is wrong with asking this, whatever the model."""
    if not recipe.prompt:
        yield "there is no prompt: say what to ask with --prompt, --prompt-file, or recipe.prompt in the configuration"
    for name, value in (
        ("segment_definitions", recipe.segment_definitions),
        ("segment_time_format", recipe.segment_time_format),
        ("min_segment_duration", recipe.min_segment_s),
        ("max_segment_duration", recipe.max_segment_s),
    ):
        if value is not None:
            yield f"{name} is for the mode segments; leave it out, or set mode to segments"
    if recipe.images is None:
        yield from reference_problems(recipe.prompt or "", names_of(recipe.media_sources))
        return
    yield from image_problems(recipe.prompt or "", names_of(recipe.images))
    if recipe.media_sources is not None:
        yield "media_sources are for videos; leave them out, and name those images in the row"
    for name, moment in (("start_time", recipe.start_time_s), ("end_time", recipe.end_time_s)):
        if moment is not None:
            yield f"{name} is for videos, and this row is about images; leave it out here and in the configuration"


def build_request(recipe: Recipe) -> AnalysisRequest:
    """The recipe as the platform takes it."""
    return AnalysisRequest(
        model=recipe.model,
        prompt=recipe.prompt,
        media_sources=_pictures(recipe.media_sources),
        images=_pictures(recipe.images),
        temperature=recipe.temperature,
        max_tokens=recipe.max_tokens,
        start_time_s=recipe.start_time_s,
        end_time_s=recipe.end_time_s,
        response_format=_response_format(recipe),
    )


def read_answer(raw: str, recipe: Recipe) -> Result:
    """What an answer said.

    Args:
        raw: as received; see `envelope`.
        recipe: with the schema that the text is held against, if one was asked for.

    Raises:
        UnexpectedResponse: there is no text in it.
    """
    answer = unwrap(raw)
    if recipe.json_schema is None:
        return answer.result()
    verdict = judge(answer.text, recipe.json_schema)
    return answer.result(data=verdict.data, valid=verdict.valid, reason=verdict.reason)


def _response_format(recipe: Recipe) -> str | None:
    if recipe.json_schema is None:
        return None
    return f'{{"type":"json_schema","json_schema":{recipe.json_schema}}}'


def _pictures(named: str | None) -> tuple[Picture, ...]:
    return () if named is None else tuple(Picture(**one) for one in json.loads(named))
