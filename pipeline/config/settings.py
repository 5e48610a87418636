"""All sections together, and what follows from several of them."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline.config.asking import (
    REMOTE_URL,
    BatchSettings,
    LogSettings,
    ManifestSettings,
    MediaSettings,
    OutputSettings,
    PlatformSettings,
    RecipeSettings,
    RunSettings,
    SyncSettings,
)
from pipeline.config.budget import BudgetSettings
from pipeline.config.prices import NoCharge, PriceSettings
from pipeline.config.server import ServerSettings
from pipeline.config.traffic import LimitSettings, PollingSettings, RetrySettings, UploadSettings, WebhookSettings

ENV_PREFIX = "PIPELINE_"
# Members that are no sections: they come from variables and files of their own, never by flag or YAML.
SECRETS = frozenset({"api_key", "webhook_secret"})


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
    sync: SyncSettings = SyncSettings()
    batch: BatchSettings = BatchSettings()
    upload: UploadSettings = UploadSettings()
    media: MediaSettings = MediaSettings()
    polling: PollingSettings = PollingSettings()
    webhooks: WebhookSettings = WebhookSettings()
    retry: RetrySettings = RetrySettings()
    limits: LimitSettings = LimitSettings()
    prices: PriceSettings = PriceSettings()
    budget: BudgetSettings = BudgetSettings()
    server: ServerSettings = ServerSettings()
    log: LogSettings = LogSettings()
    api_key: SecretStr | None = Field(None, exclude=True)
    webhook_secret: SecretStr | None = Field(None, exclude=True)

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
    def limits_file(self) -> Path:
        """Where the last day's draws are remembered."""
        return self.effective_limits.shared_file or self.output.dir / "limits.db"

    @property
    def budget_file(self) -> Path:
        """Where what is committed is remembered."""
        return self.budget.shared_file or self.output.dir / "budget.db"

    @property
    def effective_batch(self) -> BatchSettings:
        """The configured batches; on the embedded platform quicker unless something of them was set."""
        if self.is_local and "batch" not in self.model_fields_set:
            return BatchSettings.close_by()
        return self.batch

    @property
    def effective_polling(self) -> PollingSettings:
        """The configured polling; on the embedded platform quicker unless some of it was set."""
        if self.is_local and "polling" not in self.model_fields_set:
            return PollingSettings.close_by()
        return self.polling

    @property
    def effective_prices(self) -> PriceSettings:
        """The configured prices; the embedded platform costs nothing unless some were set."""
        if self.is_local and "prices" not in self.model_fields_set:
            return NoCharge()
        return self.prices
