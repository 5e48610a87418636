"""One large file: this client against `upload_file` of the official package, sync and async."""

import json
import os
import ssl
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import certifi
import trustme

from benchmarks.costs import Usage
from benchmarks.processes import output_of, serving
from benchmarks.report import GIB, MIB, middle, table

LINK_CONNECTIONS = 5
LINK_BYTES_S = 40 * MIB
NAMES = {
    "ours": "this client",
    "sync": "TwelveLabs.upload_file",
    "async": "AsyncTwelveLabs.upload_file",
    "bare": "bare socket",
}
HEAD = ("", "MiB", "MiB/s", "ours : it", "CPU-s/GiB", "peak MiB", "above idle MiB", "bytes to disk")


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the file is for us and for the official package, and how often each is measured."""

    ours_mib: int
    rival_mib: int
    rounds: int
    chunk_mib: int


@dataclass(frozen=True, slots=True)
class Bench:
    """The files and certificates of one benchmark."""

    sizes: Sizes
    large: Path
    small: Path
    certificate: Path
    authority: Path

    def file(self, who: str) -> Path:
        """What this one uploads."""
        return self.large if who in {"ours", "bare"} else self.small


def run(sizes: Sizes) -> str:
    """Measure and return the tables."""
    with tempfile.TemporaryDirectory(prefix="bench-upload-") as folder:
        bench = _prepare(Path(folder), sizes)
        return "\n".join([_compared(bench, tls=False), _compared(bench, tls=True), _memory(bench), _link(bench)])


def _prepare(folder: Path, sizes: Sizes) -> Bench:
    bench = Bench(sizes, folder / "large.mp4", folder / "small.mp4", folder / "server.pem", folder / "authority.pem")
    block = os.urandom(MIB)
    for path, mib in ((bench.large, sizes.ours_mib), (bench.small, sizes.rival_mib)):
        with path.open("wb") as file:
            for _ in range(mib):
                file.write(block)
    os.sync()  # writing back must not fall into the measurements
    authority = trustme.CA()
    # among the others, as on any machine: the official package reads them all again for every chunk
    bench.authority.write_bytes(Path(certifi.where()).read_bytes() + authority.cert_pem.bytes())
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(bench.certificate)
    return bench


def _compared(bench: Bench, *, tls: bool) -> str:
    contenders = ["ours", "sync", "async"] if tls else ["ours", "sync", "async", "bare"]
    seen: dict[str, list[Usage]] = {who: [] for who in contenders}
    with _discarding(bench, tls=tls, chunk_mib=bench.sizes.chunk_mib) as base_url:
        for _ in range(bench.sizes.rounds):  # by turns, so that noise strikes all alike
            for who in contenders:
                seen[who].append(_send(bench, who, base_url, tls=tls))
    ours = _speed(bench, "ours", seen["ours"])
    rows = [
        _row(NAMES[who], bench.file(who), usages, f"{ours / _speed(bench, who, usages):.1f}")
        for who, usages in seen.items()
    ]
    how = "https" if tls else "http"
    title = f"upload over {how}, {bench.sizes.chunk_mib} MiB chunks, 5 in flight, median of {bench.sizes.rounds}"
    return table(title, HEAD, rows)


def _memory(bench: Bench) -> str:
    rows = []
    for chunk_mib in sorted({bench.sizes.chunk_mib, 64}):
        for chunks in (5, 32):
            with _discarding(bench, tls=False, chunk_mib=chunk_mib) as base_url:
                usage = _send(bench, "ours", base_url, tls=False, chunks=chunks)
            rows.append(_row(f"{chunk_mib} MiB chunks, {chunks} in flight", bench.large, [usage], "-"))
    return table("memory and disk of this client by chunk size and chunks in flight, one run each", HEAD, rows)


def _link(bench: Bench) -> str:
    with _discarding(bench, tls=False, chunk_mib=bench.sizes.chunk_mib, bytes_per_s=LINK_BYTES_S) as base_url:
        usages = [_send(bench, "ours", base_url, tls=False, chunks=LINK_CONNECTIONS) for _ in range(bench.sizes.rounds)]
    share = _speed(bench, "ours", usages) * MIB / (LINK_CONNECTIONS * LINK_BYTES_S)
    held = f"each of {LINK_CONNECTIONS} connections held to {LINK_BYTES_S // MIB} MiB/s"
    row = _row("this client", bench.large, usages, "-")
    return table(f"a slow link, {held}, median of {len(usages)}", (*HEAD, "of the link"), [(*row, f"{share:.1%}")])


@contextmanager
def _discarding(bench: Bench, *, tls: bool, chunk_mib: int, bytes_per_s: int | None = None) -> Iterator[str]:
    command = ["benchmarks.discard", "--chunk-bytes", str(chunk_mib * MIB)]
    if tls:
        command += ["--certificate", str(bench.certificate)]
    if bytes_per_s:
        command += ["--bytes-per-s", str(bytes_per_s)]
    with serving(command) as base_url:
        yield base_url


def _send(bench: Bench, who: str, base_url: str, *, tls: bool, chunks: int = 5) -> Usage:
    trust = ["--certificate", str(bench.authority)] if tls else []
    more = {"SSL_CERT_FILE": str(bench.authority)} if tls else {}
    command = ["benchmarks.senders", who, base_url, str(bench.file(who)), "--chunks", str(chunks), *trust]
    before = _arrived(bench, base_url)
    usage = Usage(**json.loads(output_of(command, more)))
    if _arrived(bench, base_url) - before != bench.file(who).stat().st_size:
        raise RuntimeError(f"{NAMES[who]}: not every byte arrived exactly once; this measurement is void")
    return usage


def _arrived(bench: Bench, base_url: str) -> int:
    context = ssl.create_default_context(cafile=bench.authority) if base_url.startswith("https") else None
    with urlopen(f"{base_url}/_bytes", context=context) as answer:
        return int(json.load(answer)["body_bytes"])


def _speed(bench: Bench, who: str, usages: Sequence[Usage]) -> float:
    """MiB a second."""
    return bench.file(who).stat().st_size / MIB / middle(usage.seconds for usage in usages)


def _row(name: str, file: Path, usages: Sequence[Usage], ratio: str) -> tuple[str, ...]:
    size = file.stat().st_size
    return (
        name,
        f"{size / MIB:.0f}",
        f"{size / MIB / middle(usage.seconds for usage in usages):.0f}",
        ratio,
        f"{middle(usage.cpu_s for usage in usages) / (size / GIB):.2f}",
        f"{max(usage.peak_bytes for usage in usages) / MIB:.0f}",
        f"{max(usage.grown_bytes for usage in usages) / MIB:.0f}",
        f"{max(usage.written_bytes for usage in usages):,}",
    )
