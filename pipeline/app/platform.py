"""Which platform a run asks: its address and key, the secret of its events, and where what was drawn is remembered."""

import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from pydantic import SecretStr

from pipeline.client import Platform, open_platform
from pipeline.client.limits import Books, ClassName, windows_of
from pipeline.config import (
    API_KEY_VARIABLE,
    REMOTE_URL,
    WEBHOOK_SECRET_VARIABLE,
    ServerSettings,
    Settings,
)
from pipeline.errors import ConfigError
from pipeline.ledger.draws import Draws

if TYPE_CHECKING:
    from pipeline.client.webhooks import Receiver  # of those that listen


def required_key(settings: Settings) -> SecretStr | None:
    """The key to ask the platform with; None where the embedded one answers and none is set.

    Raises:
        ConfigError: a remote platform without an API key.
    """
    if settings.api_key is None and not settings.is_local:
        raise ConfigError(f"the platform needs an API key: set {API_KEY_VARIABLE}, or use --platform local")
    return settings.api_key


def webhook_secret(settings: Settings) -> SecretStr | None:
    """What events are signed with; None where nothing listens for any. The embedded platform takes a made-up one.

    Raises:
        ConfigError: a remote platform's events without their secret.
    """
    if settings.webhooks.port is None:
        return None
    if settings.is_local:
        return settings.server.webhook_secret or settings.webhook_secret or SecretStr(secrets.token_urlsafe(24))
    if settings.webhook_secret is None:
        raise ConfigError(
            "events of a remote platform are believed by their signature only: set"
            f" {WEBHOOK_SECRET_VARIABLE} to the secret that its dashboard shows for the webhook, or name a file that"
            " holds it in webhooks.secret_file, or leave out --webhook-port"
        )
    return settings.webhook_secret


async def connected(
    stack: AsyncExitStack, settings: Settings, key: SecretStr | None, receiver: "Receiver | None" = None
) -> Platform:
    """The platform that the settings name, until the stack is closed; events go to the receiver."""
    base_url, key = await _address(stack, settings, key, receiver)
    return await stack.enter_async_context(
        open_platform(
            base_url,
            key,
            upload=settings.upload,
            polling=settings.effective_polling,
            retry=settings.retry,
            limits=settings.effective_limits,
            books=_books(stack, settings),
        )
    )


async def _address(
    stack: AsyncExitStack, settings: Settings, key: SecretStr | None, receiver: "Receiver | None"
) -> tuple[str, SecretStr]:
    """The base URL and key to use; starts the embedded platform where that is asked for, with a key that nobody else
    has, and with word of where its events go.
    """
    if not settings.is_local:
        assert key is not None
        return (settings.platform.base_url or REMOTE_URL).rstrip("/"), key
    from pipeline.server.app import serve  # a third of all imports, which a remote platform does without

    own_key = secrets.token_urlsafe(24)
    server = settings.server
    if "data" not in server.model_fields_set:
        server = server.model_copy(update={"data": settings.output.dir / "platform"})
    if receiver is not None:
        server = _told(server, receiver)
    embedded = await stack.enter_async_context(serve(server, own_key))
    return embedded.base_url, SecretStr(own_key)


def _told(server: ServerSettings, receiver: "Receiver") -> ServerSettings:
    """The embedded platform's settings with this run's receiver among those that are told."""
    return server.model_copy(
        update={"webhook_urls": (*server.webhook_urls, receiver.url), "webhook_secret": receiver.secret}
    )


def _books(stack: AsyncExitStack, settings: Settings) -> Books:
    """Where draws are remembered: only where something limits them."""
    limits = settings.effective_limits
    keep_s = limits.day_s + limits.slack_s
    names: tuple[ClassName, ...] = ("analyze", "upload")
    return {
        name: stack.enter_context(Draws(settings.limits_file, settings.scope, name, keep_s))
        for name in names
        if windows_of(limits, name) or (name == "analyze" and limits.effective_lifetime_minutes is not None)
    }
