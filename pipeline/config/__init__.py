"""Settings: frozen sections. Flags win over the environment, the environment over the YAML file, that over the
defaults.

Environment variables are `PIPELINE_<SECTION>__<NAME>`; the secrets alone are named after the platform,
`TWELVE_LABS_API_KEY` and `TWELVE_LABS_WEBHOOK_SECRET`, or after the makers of a model's endpoint, `OPENAI_API_KEY`.
Nobody else reads the environment. Numbers about the platform come from the TwelveLabs API reference and rate-limits
page of July 2026 and from the docstrings of twelvelabs 1.3.6; they are settings because they change.
"""

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
from pipeline.config.load import API_KEY_VARIABLE, WEBHOOK_SECRET_VARIABLE, load
from pipeline.config.openai import OpenAISettings
from pipeline.config.prices import Price, PriceSettings
from pipeline.config.section import Section
from pipeline.config.server import ServerSettings
from pipeline.config.settings import Settings
from pipeline.config.tiers import RateName
from pipeline.config.traffic import LimitSettings, PollingSettings, RetrySettings, UploadSettings, WebhookSettings

__all__ = [
    "API_KEY_VARIABLE",
    "REMOTE_URL",
    "WEBHOOK_SECRET_VARIABLE",
    "BatchSettings",
    "BudgetSettings",
    "LimitSettings",
    "LogSettings",
    "ManifestSettings",
    "MediaSettings",
    "OpenAISettings",
    "OutputSettings",
    "PlatformSettings",
    "PollingSettings",
    "Price",
    "PriceSettings",
    "RateName",
    "RecipeSettings",
    "RetrySettings",
    "RunSettings",
    "Section",
    "ServerSettings",
    "Settings",
    "SyncSettings",
    "UploadSettings",
    "WebhookSettings",
    "load",
]
