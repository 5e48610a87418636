"""Upload one file and say what it cost, in a process of its own: python -m benchmarks.senders ours|sync|async|bare."""

import argparse
import asyncio
import json
import os
import socket
import ssl
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.costs import Gauge, Usage

KEY = "bench"
BARE_BLOCK_BYTES = 128 * 1024


async def ours(base_url: str, file: Path, chunks: int, certificate: Path | None) -> Usage:
    """This project's client, as the pipeline's upload steps use it."""
    from pydantic import SecretStr

    from pipeline.client import open_platform
    from pipeline.config import LimitSettings, PollingSettings, RetrySettings, UploadSettings
    from pipeline.media.identity import stamp_of

    stamp = stamp_of(str(file))
    async with open_platform(
        base_url,
        SecretStr(KEY),
        upload=UploadSettings(chunks=chunks, chunks_first=chunks),
        polling=PollingSettings(),
        retry=RetrySettings(),
        limits=LimitSettings.unlimited(),
        ssl=ssl.create_default_context(cafile=certificate) if certificate else None,
    ) as platform:
        with Gauge() as gauge:
            session = await platform.uploads.open(file.name, stamp.size_bytes, content_hash="")
            await platform.uploads.send(session, str(file), stamp, on_bytes=lambda _: None)
    return gauge.usage


def rival(base_url: str, file: Path, chunks: int) -> Usage:
    """`upload_file` of the official package; it trusts what SSL_CERT_FILE names."""
    from twelvelabs import TwelveLabs

    client = TwelveLabs(api_key=KEY, base_url=base_url)
    with Gauge() as gauge:
        client.multipart_upload.upload_file(file, max_workers=chunks)  # type: ignore[attr-defined]  # an annotation of 1.3.6 lacks it
    return gauge.usage


async def rival_async(base_url: str, file: Path, chunks: int) -> Usage:
    """The same with its asynchronous client."""
    from twelvelabs import AsyncTwelveLabs

    client = AsyncTwelveLabs(api_key=KEY, base_url=base_url)
    with Gauge() as gauge:
        await client.multipart_upload.upload_file(file, max_workers=chunks)  # type: ignore[attr-defined]  # an annotation of 1.3.6 lacks it
    return gauge.usage


def bare(base_url: str, file: Path) -> Usage:
    """What the machine allows: read and send in a loop, one connection, no client at all."""
    address = urlsplit(base_url)
    assert address.hostname is not None
    size = file.stat().st_size
    block = memoryview(bytearray(BARE_BLOCK_BYTES))
    link = socket.create_connection((address.hostname, address.port))
    with link, file.open("rb", buffering=0) as source, Gauge() as gauge:
        link.sendall(f"PUT /chunks/bare/1 HTTP/1.1\r\nContent-Length: {size}\r\n\r\n".encode())
        while count := os.readv(source.fileno(), [block]):
            link.sendall(block[:count])
        link.recv(BARE_BLOCK_BYTES)
    return gauge.usage


def main() -> None:
    parser = argparse.ArgumentParser(description="Upload one file and print what it cost as JSON.")
    parser.add_argument("who", choices=["ours", "sync", "async", "bare"])
    parser.add_argument("base_url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--chunks", type=int, default=5, help="in flight at once")
    parser.add_argument("--certificate", type=Path)
    options = parser.parse_args()
    if options.who == "ours":
        usage = asyncio.run(ours(options.base_url, options.file, options.chunks, options.certificate))
    elif options.who == "sync":
        usage = rival(options.base_url, options.file, options.chunks)
    elif options.who == "async":
        usage = asyncio.run(rival_async(options.base_url, options.file, options.chunks))
    else:
        usage = bare(options.base_url, options.file)
    print(json.dumps(asdict(usage)))


if __name__ == "__main__":
    main()
