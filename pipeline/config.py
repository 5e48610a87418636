"""Settings: frozen sections. Flags win over the environment, the environment over the YAML file, that over the
defaults.

Environment variables are `PIPELINE_<SECTION>__<NAME>`; the API key alone has the platform's own name,
`TWELVE_LABS_API_KEY`.
Nobody else reads the environment. Numbers about the platform come from the TwelveLabs API reference and rate-limits
page of July 2026 and from the docstrings of twelvelabs 1.3.6; they are settings because they change.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pipeline.errors import ConfigError

MIB = 1024 * 1024
REMOTE_URL = "https://api.twelvelabs.io/v1.3"
API_KEY_VARIABLE = "TWELVE_LABS_API_KEY"
ENV_PREFIX = "PIPELINE_"
ADDRESS = re.compile(r"https?://[^\s/]")


class Section(BaseModel):
    """A frozen group of settings; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PlatformSettings(Section):
    """Whom to ask.

    `kind` auto is remote where an API key is set, local (the embedded platform) otherwise. `account` names the
    account that owns the assets, for people who have several; uploads are reused only within one account and base URL.
    """

    kind: Literal["auto", "local", "remote"] = "auto"
    base_url: str | None = None
    account: str = "default"
    api_key_file: Path | None = None

    @field_validator("base_url")
    @classmethod
    def _is_address(cls, base_url: str | None) -> str | None:
        if base_url is None or ADDRESS.match(base_url):
            return base_url
        raise ValueError(f"{base_url!r} is no http or https address; the platform's is {REMOTE_URL}")


class RecipeSettings(Section):
    """What to ask. Ranges are those of pegasus1.5 general analysis; the platform has the last word."""

    prompt: str | None = None
    prompt_file: Path | None = None
    model: str = "pegasus1.5"
    temperature: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=2, le=98_304)
    start_time: float | None = Field(None, ge=0)
    end_time: float | None = Field(None, gt=0)


class ManifestSettings(Section):
    """Where the videos come from: a folder, .csv, .jsonl, a text list, or `-` for a list on stdin."""

    source: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = (
        ".mp4",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".m4v",
        ".mpg",
        ".mpeg",
        ".ts",
        ".mts",
        ".wmv",
        ".flv",
    )


class OutputSettings(Section):
    """The folder that holds the ledger and every sink."""

    dir: Path = Path("out")


class RunSettings(Section):
    """How much at once, and when to give up.

    `workers` videos are in flight at once, most of them waiting for the platform. After `max_same_failures` failures
    in a row with one and the same cause, and no success between, the run ends: the fault is not in the videos.
    """

    workers: int = Field(32, ge=1, le=10_000)
    hashing_threads: int = Field(2, ge=1, le=64)
    drain_s: float = Field(20, ge=0)
    max_same_failures: int = Field(50, ge=1)
    max_resubmissions: int = Field(3, ge=1)
    plain_interval_s: float = Field(60, gt=0)


class UploadSettings(Section):
    """Direct upload takes files up to `direct_max_bytes` (the platform's own bound is 200 MB), sessions the rest."""

    direct_max_bytes: int = Field(100 * MIB, ge=0, le=200_000_000)
    max_bytes: int = Field(10 * 1000 * MIB, gt=0)
    files: int = Field(4, ge=1, le=256)
    chunks: int = Field(8, ge=1, le=256)
    read_bytes: int = Field(256 * 1024, ge=4096, le=16 * MIB)
    url_page: int = Field(50, ge=1, le=50)
    report_batch: int = Field(10, ge=1, le=50)
    stall_s: float = Field(60, gt=0)
    ready_timeout_s: float = Field(1800, gt=0)


class PollingSettings(Section):
    """When to look at a task: first by experience, then exponentially later with full jitter, between bounds.

    A two-hour video takes about ten minutes (OBS of the official plug-in): five seconds a minute of video until
    learned better. From `list_from` tasks due at once, one list request (50 tasks) stands for many single ones.
    """

    first_look_s: float = Field(4, ge=0)
    per_video_minute_s: float = Field(5, ge=0)
    min_s: float = Field(2, gt=0)
    max_s: float = Field(60, gt=0)
    tick_s: float = Field(0.5, gt=0)
    list_from: int = Field(4, ge=2)
    asset_min_s: float = Field(1, gt=0)
    asset_max_s: float = Field(15, gt=0)
    give_up_s: float = Field(6 * 3600, gt=0)

    @classmethod
    def close_by(cls) -> "PollingSettings":
        """For the embedded platform, which is a function call away."""
        return cls(
            first_look_s=0.2, per_video_minute_s=0.5, min_s=0.2, max_s=5, tick_s=0.1, asset_min_s=0.1, asset_max_s=2
        )


class RetrySettings(Section):
    """Backoff of one request: full jitter below `base_s * 2^n`, at most `max_s`; a Retry-After of any length is obeyed.

    While the platform answers nobody, attempts do not count: it is waited for during `outage_s`, then the run pauses.
    """

    attempts: int = Field(8, ge=1, le=100)
    outage_s: float = Field(1800, gt=0)
    base_s: float = Field(0.5, gt=0)
    max_s: float = Field(30, gt=0)
    connect_timeout_s: float = Field(15, gt=0)
    response_timeout_s: float = Field(120, gt=0)


class LimitSettings(Section):
    """Requests a minute per endpoint class; null is no limit. Defaults: free and first developer tier."""

    analyze_per_minute: float | None = Field(60, gt=0)
    upload_per_minute: float | None = Field(60, gt=0)
    read_per_minute: float | None = Field(600, gt=0)
    connections: int = Field(64, ge=1, le=1000)

    @classmethod
    def unlimited(cls) -> "LimitSettings":
        """For the embedded platform, which has no account to protect."""
        return cls(analyze_per_minute=None, upload_per_minute=None, read_per_minute=None)


class PriceSettings(Section):
    """US dollars, Developer pay-as-you-go, twelvelabs.io/pricing as of July 2026. The embedded platform costs
    nothing.
    """

    video_minute_usd: float = Field(0.0292, ge=0)
    output_1k_tokens_usd: float = Field(0.0075, ge=0)


class ServerSettings(Section):
    """The embedded platform. What the platform's documents leave open is a setting here.

    Attributes:
        host: the address to listen on; nothing but loopback is sensible, there is one key at most.
        port: 0 picks a free one.
        data: folder of the database and the media; asset ids live as long as it does.
        faults: opens the switchboard `/_faults` and the books `/_books` to HTTP; for tests only.
        asset_readiness: `async` answers an upload at once with `processing`; `sync` when the media was validated.
        asset_seconds: how long every validation takes at least.
        inspect_processes: worker processes that validate media; apart from the analysing ones, so that uploads never
            wait for a long analysis.
        analysis_processes: worker processes that run the engine.
        direct_max_bytes, url_max_bytes, session_max_bytes: largest file by each way of uploading.
        fetch_timeout_s: how long the source of a `method=url` asset may stay silent.
        chunk_bytes: chunk size of new sessions.
        initial_urls: how many presigned URLs the answer to a new session holds.
        url_page: most URLs in one further request; `report_batch`: most chunks in one report.
        url_ttl_s, session_ttl_s: life of a chunk URL and of an upload session.
        url_spent: a single-use URL is spent when its transfer has `started`, or only when the chunk is `stored`.
        upload_headers: what a new session tells to send with each chunk; a chunk without them is refused.
        page_default, page_max: page sizes of every list.
        list_results: whether the task list holds the results of ready tasks, as its schema says.
        delete_status: what a deleted asset is answered with; it was 204 before.
        missing_asset_status: what an unknown asset id is answered with; it was 400 before.
        engine: who answers, a name in `pipeline.server.engines.ENGINES`.
        models: accepted model names; the first is the default.
        max_tokens_min, max_tokens_max, max_tokens_default: bounds of general analysis.
        context_tokens: most tokens of a prompt, counted as the engines count.
        window_min_s, window_max_s, source_max_s: shortest and longest analysed window, longest file it may be cut from.
        analysis_concurrency: tasks beyond `queued` at once.
        pending_seconds, analysis_seconds: how long every task stays `pending` and `processing` at least.
        analysis_timeout_s: an engine silent for so long is ended, its task fails.
        idempotency_ttl_s: how long an Idempotency-Key is remembered.
        idempotency_conflict: a key that comes back with another body is `refuse`d with 409, or the first answer
            `replay`ed.
        analyze_per_minute, upload_per_minute, read_per_minute: requests a window; null is no limit. The platform's free
            tier has 60, 60 and no stated one.
        rate_window: `fixed` windows, or a `rolling` one; `rate_window_s` long.
        rate_body: 429 of an analysis with flat JSON, or `empty`.
        rate_headers: which spelling of the rate headers is sent: `X-Ratelimit-*`, `X-RateLimit-Request-*`, or none.
        retry_after: whether a 429 has a Retry-After.
    """

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535)
    data: Path = Path("platform-data")
    faults: bool = False

    asset_readiness: Literal["async", "sync"] = "async"
    asset_seconds: float = Field(0, ge=0)
    inspect_processes: int = Field(1, ge=1, le=64)
    analysis_processes: int = Field(2, ge=1, le=64)

    direct_max_bytes: int = Field(200_000_000, gt=0)
    url_max_bytes: int = Field(4_000_000_000, gt=0)
    session_max_bytes: int = Field(10 * 1024**3, gt=0)
    fetch_timeout_s: float = Field(60, gt=0)

    chunk_bytes: int = Field(8 * MIB, gt=0)
    initial_urls: int = Field(10, ge=0)
    url_page: int = Field(50, ge=1)
    report_batch: int = Field(50, ge=1)
    url_ttl_s: float = Field(3600, gt=0)
    session_ttl_s: float = Field(24 * 3600, gt=0)
    url_spent: Literal["started", "stored"] = "started"
    upload_headers: dict[str, str] = Field(default={"Content-Type": "application/octet-stream"})

    page_default: int = Field(10, ge=1)
    page_max: int = Field(50, ge=1)
    list_results: bool = True
    delete_status: Literal[200, 204] = 200
    missing_asset_status: Literal[404, 400] = 404

    engine: str = "visual"
    models: tuple[str, ...] = Field(("pegasus1.5", "pegasus1.6"), min_length=1)
    max_tokens_min: int = Field(512, ge=1)
    max_tokens_max: int = Field(98_304, ge=1)
    max_tokens_default: int = Field(4_096, ge=1)
    context_tokens: int = Field(261_120, ge=1)
    window_min_s: float = Field(1, ge=0)
    window_max_s: float = Field(2 * 3600, gt=0)
    source_max_s: float = Field(4 * 3600, gt=0)
    analysis_concurrency: int = Field(8, ge=1, le=10_000)
    pending_seconds: float = Field(0, ge=0)
    analysis_seconds: float = Field(0, ge=0)
    analysis_timeout_s: float = Field(3600, gt=0)
    idempotency_ttl_s: float = Field(24 * 3600, gt=0)
    idempotency_conflict: Literal["refuse", "replay"] = "refuse"

    analyze_per_minute: int | None = Field(None, ge=0)
    upload_per_minute: int | None = Field(None, ge=0)
    read_per_minute: int | None = Field(None, ge=0)
    rate_window: Literal["fixed", "rolling"] = "fixed"
    rate_window_s: float = Field(60, gt=0)
    rate_body: Literal["json", "empty"] = "json"
    rate_headers: Literal["x-ratelimit", "x-ratelimit-request", "none"] = "x-ratelimit"
    retry_after: bool = True


class LogSettings(Section):
    """What goes to stderr; the run's log file has it all. `auto` is a console form on a terminal, else JSON lines."""

    level: Literal["debug", "info", "warning", "error"] = "warning"
    form: Literal["auto", "console", "json"] = "auto"


class Settings(BaseSettings):
    """Everything the program can be told."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        env_parse_none_str="null",  # as in YAML, so that a limit can be taken off in either place
    )

    platform: PlatformSettings = PlatformSettings()
    recipe: RecipeSettings = RecipeSettings()
    manifest: ManifestSettings = ManifestSettings()
    output: OutputSettings = OutputSettings()
    run: RunSettings = RunSettings()
    upload: UploadSettings = UploadSettings()
    polling: PollingSettings = PollingSettings()
    retry: RetrySettings = RetrySettings()
    limits: LimitSettings = LimitSettings()
    prices: PriceSettings = PriceSettings()
    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    api_key: SecretStr | None = Field(None, exclude=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the YAML file that travels in the flags under `_yaml`."""
        flags = dict(init_settings())
        yaml_values = flags.pop("_yaml", {})
        return InitSettingsSource(settings_cls, flags), env_settings, InitSettingsSource(settings_cls, yaml_values)

    @property
    def is_local(self) -> bool:
        """Whether the embedded platform answers."""
        if self.platform.kind == "auto":
            return self.api_key is None and self.platform.base_url is None
        return self.platform.kind == "local"

    @property
    def scope(self) -> str:
        """Whose answers and assets these are: base URL, and the account where it is named."""
        if self.is_local:
            return "local"
        base_url = (self.platform.base_url or REMOTE_URL).rstrip("/")
        return base_url if self.platform.account == "default" else f"{base_url}#{self.platform.account}"

    @property
    def effective_limits(self) -> LimitSettings:
        """The configured limits; on the embedded platform none unless some were set."""
        if self.is_local and "limits" not in self.model_fields_set:
            return LimitSettings.unlimited()
        return self.limits

    @property
    def effective_polling(self) -> PollingSettings:
        """The configured polling; on the embedded platform quicker unless some of it was set."""
        if self.is_local and "polling" not in self.model_fields_set:
            return PollingSettings.close_by()
        return self.polling


def load(config_file: Path | None = None, flags: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Read every source of settings once.

    Args:
        config_file: a YAML file of sections; relative paths in it are relative to the working directory.
        flags: section -> name -> value, only what was given.

    Raises:
        ConfigError: an unreadable file, an unknown name (with the nearest valid one), or a value out of its bounds.
    """
    _refuse_unknown_environment()
    values: dict[str, Any] = {section: dict(named) for section, named in (flags or {}).items() if named}
    from_file = _read_yaml(config_file)
    try:
        settings = Settings(**values | {"_yaml": from_file})
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(error, values, config_file, from_file))) from error
    except SettingsError as error:
        raise ConfigError(_explain_environment(error)) from error
    return settings.model_copy(update={"api_key": _api_key(settings)})


def _read_yaml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}; check the -c path") from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{path}{line}: not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML: {str(error).splitlines()[0]}; save it as UTF-8 text") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected sections such as `recipe:` at the top, found {type(content).__name__}")
    if "api_key" in content:
        raise ConfigError(
            f"{path}: the API key does not belong in this file; set {API_KEY_VARIABLE} or platform.api_key_file"
        )
    return {str(section): value for section, value in content.items() if value is not None}


def _api_key(settings: Settings) -> SecretStr | None:
    if value := os.environ.get(API_KEY_VARIABLE, "").strip():
        return _usable(value, API_KEY_VARIABLE)
    path = settings.platform.api_key_file
    if path is None:
        return None
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"cannot read platform.api_key_file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"platform.api_key_file {path} is no text; write the key into it, and nothing else"
        ) from error
    if not value:
        raise ConfigError(f"platform.api_key_file {path} is empty")
    return _usable(value, f"platform.api_key_file {path}")


def _usable(key: str, where: str) -> SecretStr:
    """Refused here is what HTTP could not carry; the key itself is never part of a message."""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{where} holds more than a key: white space or characters that no key has; copy it again")
    return SecretStr(key)


def _refuse_unknown_environment() -> None:
    for variable in os.environ:
        if not variable.upper().startswith(ENV_PREFIX):
            continue
        section = variable[len(ENV_PREFIX) :].split("__")[0].lower()
        if section not in _names() or section == "api_key":
            raise ConfigError(f"environment variable {variable}: no section {section!r}{_nearest(section, _names())}")


def _names(path: tuple[str, ...] = ()) -> list[str]:
    model: type[BaseModel] = Settings
    for name in path:
        annotation = model.model_fields[name].annotation
        model = next(t for t in (annotation, *get_args(annotation)) if isinstance(t, type) and issubclass(t, BaseModel))
    return [name for name in model.model_fields if name != "api_key"]


def _nearest(name: str, valid: list[str]) -> str:
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; valid names: {', '.join(sorted(valid))}"


def _nearest_setting(path: tuple[str, ...]) -> str:
    """The setting of the same name in another section, or the nearest one beside it."""
    namesakes = [f"{section}.{path[-1]}" for section in _names() if path[-1] in _names((section,))]
    return f"; did you mean {namesakes[0]!r}?" if namesakes else _nearest(path[-1], _names(path[:-1]))


def _explain(
    error: ValidationError, flags: Mapping[str, Any], config_file: Path | None, from_file: Mapping[str, Any]
) -> Iterator[str]:
    for problem in error.errors(include_url=False, include_input=False):
        path = tuple(str(part) for part in problem["loc"])
        where = _where(path, flags, config_file, from_file)
        name = ".".join(path)
        if problem["type"] == "extra_forbidden":
            yield f"{where}unknown setting {name!r}{_nearest_setting(path)}"
        elif problem["type"] == "model_type":
            yield f"{where}{name!r} is a section; write its settings indented below it: {', '.join(_names(path))}"
        else:
            yield f"{where}setting {name!r}: {problem['msg'].removeprefix('Value error, ')}"


def _where(path: tuple[str, ...], flags: Mapping[str, Any], config_file: Path | None, from_file: object) -> str:
    """Who said so, in the order in which they win, as the beginning of a sentence."""
    if _holds(flags, path):
        return f"flag --{path[-1].replace('_', '-')}: "
    for variable in os.environ:
        if tuple(variable.lower().removeprefix(ENV_PREFIX.lower()).split("__")) == path[:2]:
            return f"environment variable {variable}: "
    return f"{config_file}: " if _holds(from_file, path[:2]) else ""


def _holds(values: object, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    return isinstance(values, Mapping) and path[0] in values and _holds(values[path[0]], path[1:])


def _explain_environment(error: SettingsError) -> str:
    sections = [name for name in _names() if f'"{name}"' in str(error)]
    prefixes = tuple(f"{ENV_PREFIX}{name}".upper() for name in sections)
    told = ", ".join(sorted(name for name in os.environ if name.upper().startswith(prefixes)))
    return f"environment variable {told}: not JSON; write a list or a group of settings as JSON, such as '[\".mp4\"]'"
