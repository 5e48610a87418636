"""`pipeline serve`: the embedded platform on its own."""

import os
import signal
from pathlib import Path
from typing import Any

import anyio
import click

from pipeline import log
from pipeline.cli.summary import engine_note
from pipeline.config import Settings, load
from pipeline.server.app import serve as open_server


@click.command()
@click.option("-c", "--config", type=click.Path(path_type=Path), help="A YAML file of settings.")
@click.option("--host", help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="The port; 0 picks a free one.  [default: 8765]")
@click.option("--data", type=click.Path(path_type=Path), help="The folder of its database and media.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Write the base URL to this file once it listens.")
@click.option("--faults", is_flag=True, help="Open the fault switchboard and the books to clients. For tests only.")
def serve(config: Path | None, ready_file: Path | None, *, faults: bool, **given: Any) -> None:
    """Run the embedded platform: the platform's HTTP API on this machine, with real media decoding.

    Clients must send the key of TWELVE_LABS_API_KEY where that is set, any non-empty key otherwise.
    """
    flags = {name: value for name, value in given.items() if value is not None}
    flags.setdefault("port", 8765)
    if faults:
        flags["faults"] = True
    settings = load(config, {"server": flags})
    log.configure(settings.log)
    anyio.run(_serve, settings, ready_file)


async def _serve(settings: Settings, ready_file: Path | None) -> None:
    key = settings.api_key.get_secret_value() if settings.api_key else None
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with open_server(settings.server, key) as platform:
            click.echo(f"the embedded platform listens on {platform.base_url}")
            if note := engine_note(settings.server):
                click.echo(f"note: {note}", err=True)
            if ready_file is not None:
                await _announce(ready_file, platform.base_url)
            async for _ in signals:
                break


async def _announce(ready_file: Path, base_url: str) -> None:
    """Write the base URL in one step, so that whoever waits for the file never reads half of it."""
    draft = anyio.Path(f"{ready_file}.{os.getpid()}")
    await draft.write_text(base_url)
    await draft.replace(ready_file)
