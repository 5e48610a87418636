"""The command: which benchmarks to run, and how large."""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import evidence, feed, latency, limits, plans, report, tasks, upload

Benchmark = Callable[[argparse.Namespace], str]


def main(arguments: list[str] | None = None) -> int:
    """Print the machine and the tables of the chosen benchmarks."""
    options = _parser().parse_args(arguments)
    chosen = BENCHMARKS if options.benchmark == "all" else {options.benchmark: BENCHMARKS[options.benchmark]}
    print(report.machine(), end="\n\n", flush=True)
    for benchmark in chosen.values():
        print(benchmark(options), flush=True)
    return 0


def _upload(options: argparse.Namespace) -> str:
    return upload.run(upload.Sizes(options.size_mib, options.rival_mib, options.rounds, options.chunk_mib))


def _tasks(options: argparse.Namespace) -> str:
    return tasks.run(
        tasks.Sizes(options.tasks, options.rival_tasks, options.workers, options.rival_workers, options.seconds)
    )


def _feed(options: argparse.Namespace) -> str:
    return feed.run(feed.Sizes(options.rows, options.few_rows, options.orders.split(",")))


def _limits(options: argparse.Namespace) -> str:
    sizes = limits.Sizes(
        options.videos, options.hours, options.hour_seconds, options.rival_at_once, options.windows.split(",")
    )
    return limits.run(sizes)


def _plan(options: argparse.Namespace) -> str:
    return plans.run(plans.Sizes(options.files))


def _evidence(options: argparse.Namespace) -> str:
    sizes = evidence.Sizes(options.programmes, options.programme_seconds, options.programme_folder)
    found = evidence.run(sizes) if sizes.programmes else ""
    if not options.long_minutes:
        return found
    return f"{found}\n{latency.run(evidence.clip(sizes, evidence.FIRST_SEED), options.long_minutes)}"


BENCHMARKS: dict[str, Benchmark] = {
    "upload": _upload,
    "tasks": _tasks,
    "feed": _feed,
    "limits": _limits,
    "plan": _plan,
    "evidence": _evidence,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description="Measure the pipeline on this machine.")
    parser.add_argument("benchmark", choices=[*BENCHMARKS, "all"])
    for name, default, what in (
        ("size-mib", 2048, "upload: the file that this client sends"),
        ("rival-mib", 512, "upload: the file that the official package sends"),
        ("chunk-mib", 8, "upload: the size of a chunk"),
        ("rounds", 3, "upload: how often each is measured"),
        ("tasks", 2000, "tasks: how many videos this pipeline has analysed"),
        ("rival-tasks", 400, "tasks: how many the loop over the official package has"),
        ("workers", 1024, "tasks: run.workers of the pipeline"),
        ("rival-workers", 64, "tasks: how many the loop follows at once"),
        ("rows", 1_000_000, "feed: the rows of the long manifest"),
        ("few-rows", 10, "feed: the rows of the short manifest"),
        ("videos", 500, "limits: how many videos of mixed length"),
        ("hours", 5, "limits: how many hours of the account they fill"),
        ("files", 10_000, "plan: how many videos the archive has"),
        ("rival-at-once", 8, "limits: how many the other client tries at once"),
        ("programmes", 2, "evidence: how many videos of known content"),
        ("programme-seconds", 300, "evidence: how long each of them is"),
        ("long-minutes", 0, "evidence: time requests while so many minutes are analysed; 60 take a quarter of an hour"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what}  [default: {default:,}]")
    parser.add_argument(
        "--hour-seconds", type=float, default=10, help="limits: how long an hour of the platform lasts  [default: 10]"
    )
    orders = ",".join(feed.ORDERS)
    parser.add_argument("--orders", default=orders, help=f"feed: of the long manifest  [default: {orders}]")
    parser.add_argument("--windows", default="rolling,fixed", help="limits: of which kinds  [default: rolling,fixed]")
    parser.add_argument(
        "--seconds", type=float, default=2, help="tasks: how long the platform takes for each  [default: 2]"
    )
    parser.add_argument(
        "--programme-folder",
        type=Path,
        default=Path("out/programmes"),
        help="evidence: where the videos are kept for the next time  [default: out/programmes]",
    )
    return parser
