"""The last lines of a run: what was done, where it lies, what failed and why, and the command that goes on."""

import contextlib
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from pipeline.budget import Standing, portion_shown, span_shown
from pipeline.cli.exits import Exit
from pipeline.cli.streams import say
from pipeline.config import API_KEY_VARIABLE, REMOTE_URL, ServerSettings, Settings
from pipeline.errors import FatalError, LedgerError
from pipeline.jobs import State
from pipeline.ledger import LedgerView
from pipeline.ledger.lifetime import lifetime_of
from pipeline.manifests import Manifest
from pipeline.progress import Snapshot, duration, size

if TYPE_CHECKING:
    from pipeline.app import Run  # of the commands that work; `status` does without all that

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """How to conclude a run.

    Attributes:
        settings: of the run.
        config: the configuration file that was named.
        given: the flags, by name; None where one was not given.
        as_json: whether a machine reads it.
        manifest: tells what could not even be looked into.
    """

    settings: Settings
    config: Path | None
    given: Mapping[str, Any]
    as_json: bool
    manifest: Manifest | None = None

    @property
    def unread(self) -> Sequence[str]:
        """Folders and files of the manifest that could not be looked into, a sentence each."""
        return self.manifest.unread if self.manifest else ()


def conclude(run: "Run", last: Snapshot, report: Report) -> Exit:
    """Print and keep the summary; the exit code follows from what the ledger and the tally say."""
    code = _code(run, last, report)
    facts = kept_summary(run, last, code, report.settings, report.unread)
    say([orjson.dumps(facts).decode()] if report.as_json else _lines(facts, report))
    return code


def kept_summary(
    run: "Run", last: Snapshot, code: Exit, settings: Settings, unread: Sequence[str] = ()
) -> dict[str, Any]:
    """What a run did, as it is kept in its folder."""
    facts = _facts(run, last, code) | {"platform": platform_name(settings), "unread": list(unread)}
    facts["lifetime"] = lifetime_facts(settings)
    path = run.folder / "summary.json"
    try:
        path.write_bytes(orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    except OSError as error:  # a full disk, most likely: then it is what ended the run, and is told below
        log.warning("summary.unwritten", reason=error.strerror)
        with contextlib.suppress(OSError):
            path.unlink()  # half of one would be none
    return facts


def _code(run: "Run", last: Snapshot, report: Report) -> Exit:
    if isinstance(run.runner.stopped_by, FatalError):
        return Exit.FATAL
    if run.runner.stopped_by is not None:
        return Exit.PAUSED
    return Exit.SOME_FAILED if last.failed or report.unread else Exit.DONE


def _facts(run: "Run", last: Snapshot, code: Exit) -> dict[str, Any]:
    reason = run.runner.stopped_by
    out = run.folder.parent.parent
    return {
        "run_id": run.id,
        "exit_code": int(code),
        "stopped_by": None if reason is None else {"code": reason.code, "message": reason.message},
        "resume_at": getattr(reason, "resume_at", None),
        "under_way": run.ledger.counts().get(State.SUBMITTED, 0),
        "rows": last.rows,
        "written": last.written,
        "failed": last.failed,
        "failed_before": run.tally.failed_before,
        "already_done": run.tally.skipped,
        "duplicates": run.tally.joined,
        "uploaded_bytes": last.uploaded_bytes,
        "requests": run.platform.requests,
        "webhook_events": None if run.events is None else asdict(run.events),
        "video_minutes": round(run.writer.billed_minutes, 4),
        "output_tokens": run.writer.output_tokens,
        "cost_usd": round(run.writer.spent_usd, 6),
        "saved_usd": round(run.writer.saved_usd, 6),
        "budget": budget_facts(run.budget),
        "elapsed_s": round(last.elapsed_s, 3),
        "results": str(out / "results.jsonl"),
        "usage": str(out / "usage.jsonl"),
        "failures": str(out / "failures.jsonl"),
        "log": str(run.folder / "log.jsonl"),
        "failure_groups": failure_facts(run.ledger),
    }


def budget_facts(standings: Iterable[Standing]) -> list[dict[str, Any]]:
    """Where the caps stand, as they stand in a summary."""
    return [
        {
            "span": one.cap.span,
            "unit": one.cap.unit,
            "cap": one.cap.most,
            "committed": round(one.committed, 6),
            "reserved": round(one.reserved, 6),
        }
        for one in standings
    ]


def budget_lines(facts: Sequence[Mapping[str, Any]], day_s: float) -> Iterator[str]:
    """One line for all caps, in the order of their spans; none where there are none."""
    told = [
        f"{portion_shown(one['unit'], one['committed'], one['cap'])} {span_shown(one['span'], day_s)}" for one in facts
    ]
    if told:
        yield f"budget   {', '.join(told)}"


def _earlier(failed: int) -> str:
    return f" ({failed:,} of them by an earlier run)" if failed else ""


def _saved(usd: float) -> str:
    return f" (${usd:,.2f} saved by answers that were there)" if usd > 0 else ""


def lifetime_facts(settings: Settings) -> dict[str, Any] | None:
    """What the account has left of the minutes of its life, as it stands in a summary; None where that has no end."""
    try:
        lifetime = lifetime_of(settings)
    except LedgerError as error:  # no reason to tell nothing else
        log.warning("lifetime.unread", reason=error.message)
        return None
    if lifetime is None:
        return None
    return {
        "minutes": lifetime.minutes,
        "left": round(lifetime.left, 4),
        "is_said": lifetime.is_said,
        "notice": lifetime.notice,
    }


def lifetime_lines(facts: Mapping[str, Any] | None) -> Iterator[str]:
    """One line near the end of them."""
    if facts is not None and facts["notice"] is not None:
        yield f"minutes  {facts['notice']}"


def failure_facts(ledger: LedgerView) -> list[dict[str, Any]]:
    """The failures of an output folder by cause, as they stand in a summary."""
    return [
        {
            "error": group.error,
            "code": group.code,
            "message": group.message,
            "count": group.count,
            "sources": group.sources,
        }
        for group in ledger.failure_groups()
    ]


def engine_note(server: ServerSettings) -> str | None:
    """What the embedded platform's engine cannot look for, and how it could; None where nothing is amiss."""
    is_looked_for = server.engine == "evidence" or (server.engine == "openai" and server.openai.evidence)
    if not is_looked_for:
        return None
    from pipeline.server.engines import senses_of  # which a remote platform does without
    from pipeline.server.engines.evidence.extra import advice, all_missing

    senses = senses_of(server)
    parts = all_missing(senses.tracks, senses.whisper)
    return advice(parts) if parts else None


def platform_name(settings: Settings) -> str:
    """The address of the platform that is asked, or `local`."""
    if not settings.is_local:
        return settings.platform.base_url or REMOTE_URL
    return "local"


def _lines(facts: Mapping[str, Any], report: Report) -> Iterator[str]:
    out = report.settings.output.dir
    yield (
        f"{facts['written']:,} written, {facts['failed']:,} failed{_earlier(facts['failed_before'])},"
        f" {facts['already_done']:,} already done"
        f" ({facts['rows']:,} row{'' if facts['rows'] == 1 else 's'}, {duration(facts['elapsed_s'])})"
    )
    yield (
        f"{size(facts['uploaded_bytes'])} uploaded, {facts['video_minutes']:,.1f} min of video analysed,"
        f" {facts['output_tokens']:,} output tokens, ${facts['cost_usd']:,.2f}{_saved(facts['saved_usd'])}"
    )
    yield from budget_lines(facts["budget"], report.settings.budget.day_s)
    yield from lifetime_lines(facts["lifetime"])
    forgotten = report.settings.is_local and report.settings.platform.kind == "auto"
    yield f"platform {facts['platform']}{f' (no {API_KEY_VARIABLE} is set)' if forgotten else ''}"
    if report.settings.is_local and (note := engine_note(report.settings.server)):
        yield f"note     {note}"
    if (events := facts["webhook_events"]) is not None:
        yield f"webhooks {events['received']:,} events, {events['repeated']:,} repeated, {events['refused']:,} refused"
    yield f"results  {facts['results']}"
    yield f"usage    {facts['usage']}"
    yield from failure_lines(facts["failure_groups"], out, retry_command(out, report.config, report.given))
    for sentence in facts["unread"]:
        yield f"not looked into: {one_line(sentence)}"
    if facts["stopped_by"] is not None:
        if facts["under_way"]:
            yield f"{facts['under_way']:,} under way on the platform: the next run collects them without paying again"
        kind = "stopped" if facts["exit_code"] == Exit.FATAL else "paused"
        yield f"{kind}: {facts['stopped_by']['message']}"
        if facts["resume_at"] is not None:
            yield f"resume after {facts['resume_at']:%Y-%m-%d %H:%M %Z}"


def failure_lines(groups: Sequence[Mapping[str, Any]], out: Path, command: str) -> Iterator[str]:
    """Failed files grouped by cause, where all of them are listed, and the command that tries them again."""
    if not groups:
        return
    total = sum(group["count"] for group in groups)
    yield f"{total:,} failed, by cause:"
    for group in groups:
        yield f"  {group['count']:,} x {group['error']} ({group['code']}): {one_line(group['message'])}"
        for source in group["sources"]:
            yield f"      {one_line(source)}"
        if group["count"] > len(group["sources"]):
            yield f"      and {group['count'] - len(group['sources']):,} more"
    yield f"all of them with their messages: {out / 'failures.jsonl'}"
    yield f"try them again: {command}"


def retry_command(out: Path, config: Path | None, given: Mapping[str, Any] | None = None) -> str:
    """The shell command that tries the failed videos of a folder again, as it works from any folder.

    Args:
        out: the output folder.
        config: the configuration file that was named.
        given: flags of the run, by name; those that say which platform is asked are said again.
    """
    words = [*_program(), "retry"]
    if config is not None:
        words += ["-c", str(config.absolute())]
    for flag in ("platform", "base_url"):
        if given and given[flag] is not None:
            words += [f"--{flag.replace('_', '-')}", given[flag]]
    return shlex.join([*words, "--out", str(out.absolute())])


def _program() -> list[str]:
    """How this program was called."""
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return [sys.executable, "-m", "pipeline"]
    found = shutil.which(called.name)
    with contextlib.suppress(OSError):
        if found is not None and called.samefile(found):
            return [called.name]
    return [str(called.absolute())]


def one_line(text: str) -> str:
    """A name or message as one line of a terminal."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
