"""Questions in the platform's words. Shapes: TwelveLabs API reference, July 2026, and twelvelabs 1.3.6. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from pipeline.models import AnalysisMode, AnalysisRequest, Medium, Picture

# By content identity: `{"asset_id": ...}`, `{"url": ...}` or `{"base64_string": ...}`.
Pictures = Mapping[str, Mapping[str, str]]
# Members of a batch's item that no default can stand for.
OF_ITS_OWN = frozenset({"video", "custom_id"})


def pictures_of(asked: AnalysisRequest) -> Iterator[Picture]:
    """Every image that a question needs."""
    yield from asked.media_sources
    yield from asked.images
    if asked.response_format is not None and '"media_sources"' in asked.response_format:
        form: dict[str, Any] = orjson.loads(asked.response_format)
        for definition in form.get("segment_definitions", ()):
            yield from (Picture(**one) for one in definition.get("media_sources") or ())


def task_body(asked: AnalysisRequest, medium: Medium, custom_id: str, pictures: Pictures) -> dict[str, Any]:
    """What `POST /analyze/tasks` takes, without what stays unsaid.

    Args:
        asked: what is asked.
        medium: of which video.
        custom_id: what the task is found by.
        pictures: where the platform finds each image of the question.
    """
    request = {
        **_question(asked, medium, pictures),
        "analysis_mode": None if asked.analysis_mode == "general" else asked.analysis_mode,
        "custom_id": custom_id,
        "min_segment_duration": asked.min_segment_s,
        "max_segment_duration": asked.max_segment_s,
    }
    return {name: value for name, value in request.items() if value is not None}


def sync_body(asked: AnalysisRequest, medium: Medium, pictures: Pictures, *, stream: bool) -> dict[str, Any]:
    """What `POST /analyze` takes, without what stays unsaid.

    Args:
        asked: what is asked; of general analysis, the only mode there.
        medium: of which video.
        pictures: where the platform finds each image of the question.
        stream: whether the answer comes in pieces. Always said, for what it is unsaid is the platform's to change.
    """
    request = {**_question(asked, medium, pictures), "stream": stream}
    return {name: value for name, value in request.items() if value is not None}


def _question(asked: AnalysisRequest, medium: Medium, pictures: Pictures) -> dict[str, Any]:
    """What every way of asking for one analysis shares."""
    return {
        "model_name": asked.model,
        "video": _video(medium),
        "image": [_picture(picture, pictures) for picture in asked.images] or None,
        **_words(asked, pictures),
        **_bounds(asked),
        "response_format": _response_format(asked, pictures),
    }


def _video(medium: Medium) -> dict[str, str] | None:
    if medium.asset_id is not None:
        return {"type": "asset_id", "asset_id": medium.asset_id}
    if medium.url is not None:
        return {"type": "url", "url": medium.url}
    if medium.base64 is not None:
        return {"type": "base64_string", "base64_string": medium.base64}
    return None


def _words(asked: AnalysisRequest, pictures: Pictures) -> dict[str, Any]:
    if not asked.media_sources:
        return {"prompt": asked.prompt}
    return {"prompt_v2": {"input_text": asked.prompt, "media_sources": _media_sources(asked.media_sources, pictures)}}


def _bounds(asked: AnalysisRequest) -> dict[str, Any]:
    return {
        "temperature": asked.temperature,
        "max_tokens": asked.max_tokens,
        "start_time": asked.start_time_s,
        "end_time": asked.end_time_s,
    }


def _media_sources(named: Sequence[Picture], pictures: Pictures) -> list[dict[str, str]]:
    return [{**_picture(picture, pictures), "media_type": "image"} for picture in named]


def _picture(picture: Picture, pictures: Pictures) -> dict[str, str]:
    return {"name": picture.name, **pictures[picture.content]}


def _response_format(asked: AnalysisRequest, pictures: Pictures) -> dict[str, Any] | None:
    if asked.response_format is None:
        return None
    form: dict[str, Any] = orjson.loads(asked.response_format)
    for definition in form.get("segment_definitions", ()):
        if named := definition.get("media_sources"):
            definition["media_sources"] = _media_sources([Picture(**one) for one in named], pictures)
    return form


def batch_item(asked: AnalysisRequest, medium: Medium, custom_id: str, pictures: Pictures) -> dict[str, Any]:
    """One of the `requests` of `POST /analyze/batches`, saying all of its own; `batch_body` makes it shorter.

    Args:
        asked: what is asked; model and mode are said by the batch.
        medium: of which video, by its asset.
        custom_id: what the item is found by, unique in its batch.
        pictures: where the platform finds each image of the question.
    """
    words = {"input_text": asked.prompt, "media_sources": _media_sources(asked.media_sources, pictures) or None}
    item = {
        "video": _video(medium),
        "custom_id": custom_id,
        "prompt": None if asked.prompt is None else _said(words),
        **_bounds(asked),
        "response_format": _response_format(asked, pictures),
        "min_segment_duration": asked.min_segment_s,
        "max_segment_duration": asked.max_segment_s,
    }
    return _said(item)


def batch_body(model: str, mode: AnalysisMode, items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What `POST /analyze/batches` takes: what most items say alike is said once, as a default.

    An item cannot unsay a default, so only what every item says becomes one.
    """
    defaults = {}
    for name in sorted(set[str]().union(*items) - OF_ITS_OWN):
        if all(name in item for item in items):
            spelt = Counter(orjson.dumps(item[name], option=orjson.OPT_SORT_KEYS) for item in items)
            defaults[name] = orjson.loads(spelt.most_common(1)[0][0])
    requests = [{n: v for n, v in item.items() if n not in defaults or v != defaults[n]} for item in items]
    body = {"model_name": model, "analysis_mode": mode, "defaults": defaults or None, "requests": requests}
    return _said(body)


def _said(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
