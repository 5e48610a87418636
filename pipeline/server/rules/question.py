"""A request that was found valid, as far as can be told without its video."""

from dataclasses import dataclass
from typing import Any, assert_never

import orjson

from pipeline.config import ServerSettings
from pipeline.server.problems import invalid, missing
from pipeline.server.rules.json_schema import check_schema
from pipeline.server.rules.models import Delivery, ModelRules, choose, rules_of
from pipeline.server.rules.prompts import check_prompts
from pipeline.server.rules.segments import check_segments
from pipeline.server.schemas import AnalysisMode, Ask, GeneralAsk, Picture, SegmentDefinition
from pipeline.server.sources import Source
from pipeline.server.store.assets import new_id
from pipeline.server.store.tasks import NewTask

# media that came with the request are kept as files, not in the database
_SENT_ALONG = {"base64_string"}
_INLINE: dict[str, Any] = {
    "image": {"__all__": _SENT_ALONG},
    "prompt_v2": {"media_sources": {"__all__": _SENT_ALONG}},
    "response_format": {"segment_definitions": {"__all__": {"media_sources": {"__all__": _SENT_ALONG}}}},
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `ask` has its model, mode and the bound of its answer filled in."""

    ask: Ask

    @classmethod
    def of_task(cls, task: NewTask) -> "Question":
        """What a task asks, of which the media sent along are files by now."""
        return cls(Ask.model_validate(orjson.loads(task.request)))

    @property
    def mode(self) -> AnalysisMode:
        assert self.ask.analysis_mode is not None
        return self.ask.analysis_mode

    @property
    def named_media(self) -> tuple[tuple[str, Picture], ...]:
        """Every image that belongs to it, in an order that stays, under a name that no other one has."""
        reference = self.ask.prompt_v2.media_sources if self.ask.prompt_v2 else None
        own = ((picture.name, picture) for picture in (*(self.ask.image or ()), *(reference or ())))
        of_definitions = (
            (f"{definition.id}/{picture.name}", picture)
            for definition in self.definitions
            for picture in definition.media_sources or ()
        )
        return (*own, *of_definitions)

    @property
    def media(self) -> tuple[Picture, ...]:
        """The same without names; equal for questions that refer to the same images."""
        return tuple(picture for _, picture in self.named_media)

    @property
    def definitions(self) -> list[SegmentDefinition]:
        """None in general analysis."""
        return (self.ask.response_format.segment_definitions if self.ask.response_format else None) or []

    def task(self, source: Source | None, *, custom_id: str | None, batch_id: str | None = None) -> NewTask:
        """A new task that asks it of a video, or of its images alone."""
        return NewTask(
            id=new_id(),
            custom_id=custom_id,
            batch_id=batch_id,
            source=source.kind if source else None,
            asset_id=source.asset_id if source else None,
            video_url=source.url if source else None,
            mode=self.mode,
            request=self.ask.model_dump_json(exclude_none=True, exclude=_INLINE),
            duration=source.span.duration_s if source and source.span else None,
        )


def check(settings: ServerSettings, given: GeneralAsk, delivery: Delivery) -> Question:
    """Apply every rule that needs nothing but the request. `given` may hold more than a question; that is left out.

    Raises:
        ApiError: 400, or 422 for keywords of a JSON schema that are not supported.
    """
    ask = Ask.model_construct(**{name: getattr(given, name, None) for name in Ask.model_fields})
    model, rules = choose(settings, ask.model_name, delivery)
    if ask.analysis_mode == "time_based_metadata":
        if delivery == "sync":
            raise invalid("The analysis_mode time_based_metadata is for tasks and batches.")
        check_segments(ask, rules, model)
    else:
        _check_general(ask, rules, model)
    if not rules.clipping and (ask.start_time is not None or ask.end_time is not None):
        raise invalid(f"The start_time and end_time parameters are not supported by {model}.")
    _check_tokens(ask, rules, model)
    mode = ask.analysis_mode or "general"
    return Question(ask.model_copy(update={"model_name": model, "analysis_mode": mode}))


def _check_general(ask: Ask, rules: ModelRules, model: str) -> None:
    for name in ("min_segment_duration", "max_segment_duration"):
        if getattr(ask, name) is not None:
            raise invalid(f"The {name} parameter requires the analysis_mode time_based_metadata.")
    check_prompts(ask, rules, model)
    if ask.image is not None and (ask.start_time is not None or ask.end_time is not None):
        raise invalid("The start_time and end_time parameters are for videos, not for images.")
    form = ask.response_format
    if form is None:
        return
    if form.type != "json_schema":
        raise invalid("The response_format.type segment_definitions requires the analysis_mode time_based_metadata.")
    for name in ("segment_definitions", "segment_time_format"):
        if getattr(form, name) is not None:
            raise invalid(f"The response_format.{name} parameter belongs to the type segment_definitions.")
    if not form.json_schema:
        raise missing("response_format.json_schema")
    check_schema(form.json_schema, rules)


def _check_tokens(ask: Ask, rules: ModelRules, model: str) -> None:
    if ask.max_tokens is None:
        return
    is_segments = ask.analysis_mode == "time_based_metadata"
    if ask.max_tokens == "unlimited":
        if not (is_segments and rules.unlimited):
            raise invalid(
                "The max_tokens value unlimited requires the analysis_mode time_based_metadata and a model that has it:"
                f" pegasus1.6, not {model}."
            )
        return
    bounds = rules.segments if is_segments else rules.general
    assert bounds is not None
    if not bounds.low <= ask.max_tokens <= bounds.high:
        raise invalid(f"The max_tokens parameter must be between {bounds.low:,} and {bounds.high:,}.")


def answer_tokens(settings: ServerSettings, ask: Ask) -> int | None:
    """The most tokens that the answer may have; None is without a limit. For a request that was found valid."""
    match ask.max_tokens:
        case "unlimited":
            return None
        case int(given):
            return given
        case None:
            rules = rules_of(settings, ask.model_name or settings.models[0])
            bounds = rules.segments if ask.analysis_mode == "time_based_metadata" else rules.general
            return bounds.default if bounds else None
        case other:
            assert_never(other)
