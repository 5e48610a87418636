"""What is asked of each video: the configured recipe, and what a manifest row asks differently."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError

from pipeline.config import RecipeSettings, Settings
from pipeline.errors import ConfigError
from pipeline.media.pictures import Gallery, text_of
from pipeline.models import Overrides, Picture, Recipe
from pipeline.modes import recipe_problems
from pipeline.modes.asked_schema import read_schema
from pipeline.modes.definitions import read_definitions

P = ParamSpec("P")
T = TypeVar("T")

NOTHING_ELSE = Overrides()
# Settings of the section that are about the run, not about what is asked.
NOT_OF_A_ROW = frozenset({"max_reasks"})


class Recipes:
    """What a configuration asks, and every row of a manifest. Worker threads may share it.

    Attributes:
        configured: what is asked of a video whose row says nothing else.
    """

    def __init__(self, settings: Settings, unfit: Callable[[Recipe], str | None] = lambda _: None) -> None:
        """Read everything that the section `recipe` names.

        Args:
            settings: of the run.
            unfit: why a recipe cannot be asked in the way that the run asks.

        Raises:
            ConfigError: all that is wrong with it, one a line.
        """
        self._scope = settings.scope
        self._asked = settings.recipe
        self._gallery = Gallery()
        self._unfit = unfit
        self.configured, problems = self._built(settings.recipe, str(Path.cwd()))
        if problems:
            raise ConfigError("\n".join(problems))
        self._known = lru_cache(maxsize=256)(self._of)  # a manifest has few recipes, if not one for every row
        self._judged = lru_cache(maxsize=256)(self._problems)

    def of(self, overrides: Overrides) -> Recipe:
        """The configured recipe with what a row asks differently.

        Raises:
            ConfigError: the row cannot be read, though it could when the run began.
        """
        return self.configured if overrides == NOTHING_ELSE else self._known(overrides)

    def problems(self, overrides: Overrides, images: tuple[str, ...]) -> tuple[str, ...]:
        """What is wrong with a row, each with its remedy.

        Args:
            overrides: what it asks differently.
            images: the names of the images that it is about, if it is about images.
        """
        return () if overrides == NOTHING_ELSE and not images else self._judged(overrides, images)

    def _problems(self, overrides: Overrides, images: tuple[str, ...]) -> tuple[str, ...]:
        try:
            recipe = self.of(overrides)
        except ConfigError as error:
            return tuple(error.message.splitlines())
        if images:
            recipe = replace(recipe, images=_unread(images))
        return tuple(self._told(recipe))

    def _of(self, overrides: Overrides) -> Recipe:
        recipe = self.configured if overrides.recipe is None else self._of_row(overrides.recipe, overrides.base)
        return replace(
            recipe,
            prompt=recipe.prompt if overrides.prompt is None else overrides.prompt,
            start_time_s=recipe.start_time_s if overrides.start_time_s is None else overrides.start_time_s,
            end_time_s=recipe.end_time_s if overrides.end_time_s is None else overrides.end_time_s,
        )

    def _of_row(self, written: str, base: str) -> Recipe:
        """Settings that a row names take the place of the configured ones; those it does not name stay."""
        given: dict[str, Any] = json.loads(written)
        if own := sorted(NOT_OF_A_ROW & given.keys()):
            raise ConfigError(f"recipe.{own[0]} is of the whole run; set it in the configuration")
        asked = self._asked.model_dump(exclude_unset=True)
        if not given.keys().isdisjoint({"prompt", "prompt_file"}):
            asked = {name: value for name, value in asked.items() if name not in {"prompt", "prompt_file"}}
        try:
            settings = RecipeSettings.model_validate(asked | given)
        except ValidationError as error:
            raise ConfigError("\n".join(_wrong_settings(error))) from error
        recipe, problems = self._built(settings, base, given)
        if problems:
            raise ConfigError("\n".join(problems))
        return recipe

    def _built(
        self, asked: RecipeSettings, base: str, given: Mapping[str, Any] | None = None
    ) -> tuple[Recipe, list[str]]:
        """The recipe, as far as it can be read, and what cannot.

        Args:
            asked: everything that is asked, by the row and by the configuration.
            base: the absolute folder that relative paths are relative to.
            given: what a row names; everything else has been read for the configured recipe already.
        """
        reading = _Reading(self._gallery, base)

        def is_new(*settings: str) -> bool:
            return given is None or not given.keys().isdisjoint(settings)

        recipe = Recipe(
            scope=self._scope,
            model=asked.model,
            mode=asked.mode or ("general" if asked.segment_definitions is None else "segments"),
            prompt=reading.prompt(asked) if is_new("prompt", "prompt_file") else self.configured.prompt,
            temperature=asked.temperature,
            max_tokens=asked.max_tokens,
            start_time_s=asked.start_time,
            end_time_s=asked.end_time,
            json_schema=reading.schema(asked) if is_new("response_schema") else self.configured.json_schema,
            media_sources=reading.references(asked) if is_new("media_sources") else self.configured.media_sources,
            segment_definitions=reading.definitions(asked)
            if is_new("segment_definitions")
            else self.configured.segment_definitions,
            segment_time_format=asked.segment_time_format,
            min_segment_s=asked.min_segment_duration,
            max_segment_s=asked.max_segment_duration,
        )
        if reading.is_whole:  # of what cannot be read nothing more can be told
            reading.problems.extend(f"recipe: {problem}" for problem in self._told(recipe) if given is None)
        return replace(recipe, whereabouts=self._gallery.whereabouts(_contents(recipe))), reading.problems

    def _told(self, recipe: Recipe) -> list[str]:
        problems = list(recipe_problems(recipe))
        return problems if problems or (why := self._unfit(recipe)) is None else [why]


class _Reading:
    """Reads what settings name: files, modules, images. What cannot be read is told in `problems`.

    Attributes:
        is_whole: everything could be read, but perhaps images.
    """

    def __init__(self, gallery: Gallery, base: str) -> None:
        self.problems: list[str] = []
        self.is_whole = True
        self._gallery = gallery
        self._base = base

    def prompt(self, asked: RecipeSettings) -> str | None:
        return self._read(_prompt, asked, self._base)

    def schema(self, asked: RecipeSettings) -> str | None:
        return None if asked.response_schema is None else self._read(read_schema, asked.response_schema, self._base)

    def references(self, asked: RecipeSettings) -> str | None:
        named = asked.media_sources
        pictures = [Picture(name, self._content(f"recipe.media_sources: {name}", named[name])) for name in named]
        return text_of(pictures) if pictures else None

    def definitions(self, asked: RecipeSettings) -> str | None:
        written = asked.segment_definitions
        return None if written is None else self._read(read_definitions, written, self._base, self._content)

    def _content(self, place: str, source: str) -> str:
        try:
            return self._gallery.content_of(source, self._base)
        except ConfigError as error:
            self.problems.append(f"{place}: {error.message}")
            return ""

    def _read(self, how: Callable[P, T], *args: P.args, **named: P.kwargs) -> T | None:
        try:
            return how(*args, **named)
        except ConfigError as error:
            self.problems.extend(error.message.splitlines())
            self.is_whole = False
            return None


def _prompt(asked: RecipeSettings, base: str) -> str | None:
    """Raises ConfigError: its file cannot be read, or there are two."""
    if asked.prompt_file is None:
        return asked.prompt or None
    if asked.prompt is not None:
        raise ConfigError("both recipe.prompt and recipe.prompt_file are set; keep one")
    try:
        return Path(base, asked.prompt_file).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise ConfigError(f"cannot read the prompt file {asked.prompt_file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"the prompt file {asked.prompt_file} is not UTF-8 text; save it as such") from error


def _unread(images: Iterable[str]) -> str:
    """Images as they stand in a recipe, before anybody has looked at them."""
    return text_of([Picture(name, "") for name in images])


def _contents(recipe: Recipe) -> list[str]:
    """The contents of all images that belong to a recipe."""
    of_definitions = [one.get("media_sources", ()) for one in json.loads(recipe.segment_definitions or "[]")]
    listed = [json.loads(recipe.media_sources or "[]"), *of_definitions]
    return [picture["content"] for pictures in listed for picture in pictures]


def _wrong_settings(error: ValidationError) -> list[str]:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"recipe.{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in found]
