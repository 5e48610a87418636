"""What the repository says about running the program is true: image, compose file, crontab, README, configs."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import psutil
import pytest
import yaml

from pipeline.app import recipes_of
from pipeline.cli import Exit
from pipeline.cli.commands import pipeline as commands
from pipeline.config import load
from tests.end_to_end.cli_world import (
    KEY,
    PROGRAM,
    ROOT,
    Done,
    ended,
    environment,
    lines,
    pipeline,
    running,
    shell,
    until,
    write_videos,
)

PORT = "8765"


def dockerfile() -> list[tuple[str, str]]:
    """Instructions and their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    told = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in told]


def arguments_of(instruction: str) -> list[str]:
    return [argument for name, argument in dockerfile() if name == instruction]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The compose file with its variables at their defaults."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "docker-compose.yml").read_text())
    return yaml.safe_load(text)


def test_the_image_copies_what_exists() -> None:
    """Every file that the Dockerfile copies is there, and the build context lets it through."""
    copied = [source for argument in arguments_of("COPY") for source in argument.split()[:-1]]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert copied
    assert all((ROOT / source).exists() for source in copied)
    assert all(f"!{source}" in ignored for source in copied)
    assert {"pyproject.toml", "pipeline"} <= set(copied)
    needed = re.findall(
        r'^(?:readme = "(.+)"|license-files = \["(.+)"\])$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE
    )
    assert {name for names in needed for name in names if name} <= set(copied)


def test_the_entry_point_is_the_installed_program() -> None:
    """The image's entry point and default command run, and the base image has a Python that the project takes."""
    (entry,), (default,) = arguments_of("ENTRYPOINT"), arguments_of("CMD")
    words = [*yaml.safe_load(entry), *yaml.safe_load(default)]
    program = Path(sys.executable).with_name(words[0])
    assert shell([str(program), *words[1:]]).code == 0
    (base,) = arguments_of("FROM")
    assert tuple(map(int, re.search(r"python:(\d+)\.(\d+)", base).groups())) >= (3, 11)


def test_volumes_belong_to_the_user_who_writes_them(compose: dict[str, Any]) -> None:
    """Whatever a container writes to lies where the image made a folder for its user, who is not root."""
    (user,) = arguments_of("USER")
    made = " ".join(arguments_of("RUN"))
    assert user != "root"
    assert f"--uid {compose['services']['pipeline']['user']} {user}" in made
    assert f"chown -R {user} /data" in made
    targets = [mount.split(":")[1] for mount in mounts(compose) if not mount.endswith(":ro")]
    assert targets
    assert all(target in made for target in targets)
    assert arguments_of("WORKDIR")[-1] == "/data"


def mounts(compose: dict[str, Any]) -> list[str]:
    return [mount for service in compose["services"].values() for mount in service["volumes"]]


def test_what_is_mounted_exists_or_is_made(compose: dict[str, Any]) -> None:
    """Mounted folders are in the repository, or made by the command in the file's first line, or named volumes."""
    first_line = (ROOT / "docker-compose.yml").read_text().splitlines()[0]
    for mount in mounts(compose):
        source = mount.split(":")[0]
        if source.startswith("./"):
            assert (ROOT / source).is_dir() or re.search(rf"mkdir -p [^&]*\b{source[2:]}\b", first_line)
        else:
            assert source in compose["volumes"]


def test_the_run_service_may_finish_what_is_billable(compose: dict[str, Any]) -> None:
    """`docker compose stop` waits longer than a stopping run takes at most, and the services start in order."""
    service = compose["services"]["pipeline"]
    assert float(service["stop_grace_period"].removesuffix("s")) > load(ROOT / "configs/overnight.yaml").run.drain_s
    assert service["depends_on"]["platform"]["condition"] == "service_healthy"
    assert compose["services"]["platform"]["healthcheck"]["test"][0] == "CMD"


@pytest.fixture
def served(compose: dict[str, Any], tmp_path: Path) -> Iterator[str]:
    """The command of the `platform` service, on loopback and a free port; the port."""
    service = compose["services"]["platform"]
    command = service["command"]
    replaced = {"0.0.0.0": "127.0.0.1", PORT: "0", "/data/platform": str(tmp_path / "platform")}
    assert all(word in command for word in replaced)
    ready = tmp_path / "ready"
    words = [replaced.get(word, word) for word in command]
    with running(*words, "--ready-file", ready, env=service["environment"]) as process:
        until(lambda: ready.exists() or process.poll() is not None)
        listening = {
            entry.laddr.ip for entry in psutil.Process(process.pid).net_connections() if entry.status == "LISTEN"
        }
        assert listening == {"127.0.0.1"}
        yield str(httpx.URL(ready.read_text()).port)
        process.send_signal(signal.SIGTERM)
        assert ended(process).code == 0


def test_the_services_work_together(compose: dict[str, Any], served: str, tmp_path: Path) -> None:
    """The health check passes, and the `pipeline` service's own command analyses the videos on the `platform`
    service.
    """
    check = [word.replace(PORT, served) for word in compose["services"]["platform"]["healthcheck"]["test"][1:]]
    assert shell([sys.executable, *check[1:]]).code == 0
    write_videos(tmp_path / "videos", 2)
    service = compose["services"]["pipeline"]
    places = {"/videos": tmp_path / "videos", "/configs": ROOT / "configs", "/data/out": tmp_path / "out"}
    assert set(places) == {mount.split(":")[1] for mount in service["volumes"]}
    words = [_moved(word, places) for word in service["command"]]
    variables = {
        name: value.replace(f"platform:{PORT}", f"127.0.0.1:{served}") for name, value in service["environment"].items()
    }
    assert pipeline(*words, env=variables).code == 0
    assert len(lines(tmp_path / "out" / "results.jsonl")) == 2


def _moved(word: str, places: dict[str, Path]) -> str:
    place = next((place for place in places if word == place or word.startswith(f"{place}/")), None)
    return word if place is None else f"{places[place]}{word.removeprefix(place)}"


DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

CONFIGS = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.mark.parametrize("config", CONFIGS, ids=[path.name for path in CONFIGS])
def test_every_configuration_loads(config: Path) -> None:
    """Each ready configuration asks something that its model takes, and names an output folder of its own; the README
    lists it.
    """
    settings = load(config)
    assert recipes_of(settings).configured.model
    assert settings.output.dir.parts[0] == "out"
    assert f"`{config.name}`" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("config", CONFIGS, ids=[path.name for path in CONFIGS])
def test_commands_in_configurations_can_be_run(config: Path) -> None:
    """A command in a configuration's comments names flags that exist."""
    for line in re.findall(r"^# (pipeline .*)$", config.read_text(), re.MULTILINE):
        parse(line)


def crontab_line(config: str = "cron") -> re.Match[str]:
    text = (ROOT / "configs" / f"{config}.yaml").read_text()
    (found,) = re.finditer(r"^# ((?:[\d*/,-]+ +){5})(.*)$", text, re.MULTILINE)
    return found


@pytest.mark.parametrize("config", ["cron", "overnight"])
def test_the_crontab_line_is_one(config: str) -> None:
    """The crontab line has five fields within their ranges, a command that exists, and no percent sign, which cron
    would take for a line end.
    """
    fields, command = crontab_line(config)[1].split(), crontab_line(config)[2]
    parse(re.sub(r".*&& \S*(pipeline .*) >> .*", r"\1", command))
    for field, (least, most) in zip(fields, [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)], strict=True):
        assert field == "*" or least <= int(field) <= most
    assert "%" not in command


def test_the_crontab_command_works_in_a_fresh_checkout(tmp_path: Path) -> None:
    """The command of the crontab line works where no `out` folder is, writes its log, and exits 0 each time."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "configs").symlink_to(ROOT / "configs")
    (checkout / ".venv").symlink_to(sys.prefix)
    write_videos(tmp_path / "videos", 1)
    command = crontab_line()[2].replace("/srv/video-analysis-pipeline", shlex.quote(str(checkout)))
    variables = {"PIPELINE_MANIFEST__SOURCE": str(tmp_path / "videos")}
    for _ in range(2):
        done = shell(["/bin/sh", "-c", command], env=variables, cwd="/")
        assert done == Done(0, "", "")
    assert "1 already done" in (checkout / "out" / "cron.log").read_text()
    assert len(lines(checkout / "out" / "cron" / "results.jsonl")) == 1


def shell_lines(document: Path) -> list[str]:
    """Every command of a document's shell blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def command_of(name: str) -> click.Command:
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    return command


def parse(line: str) -> None:
    """Parse a command line as the program would; raises where a command or flag does not exist."""
    _, name, *arguments = shlex.split(line, comments=True)
    command = command_of(name)
    command.make_context(name, arguments)


def test_the_commands_of_the_documents_exist() -> None:
    """Every command in README and docs is one of the program with flags that it has, or a script that is there."""
    told = [line for document in DOCUMENTS for line in shell_lines(document)]
    ours = [line for line in told if line.startswith("pipeline ")]
    scripts = [line.split()[0] for line in told if line.startswith("scripts/")]
    assert ours
    for line in ours:
        parse(line)
    assert {"scripts/quickstart", "scripts/test"} <= set(scripts)
    assert all(os.access(ROOT / script, os.X_OK) for script in scripts)


def all_of(option: click.Parameter) -> list[str]:
    """A flag, and the one that says the opposite."""
    return [*option.opts, *option.secondary_opts]


def test_flags_named_in_prose_exist() -> None:
    """Every flag that README and docs name anywhere is a flag of some command; `scripts/bench` tells its own."""
    every = map(command_of, commands.list_commands(click.Context(commands)))
    known = {name for command in every for option in command.params for name in all_of(option)}
    told = "".join(re.sub(r"`scripts/bench [^`]*`", "", document.read_text()) for document in DOCUMENTS)
    named = set(re.findall(r"(?<=[` (])--[a-z][a-z-]*", told))
    assert named - known - {"--rm", "--help"} == set()
    assert isinstance(commands, click.Group)


def test_exit_codes_are_told_alike() -> None:
    """The README's table of exit codes and the program's own have the same codes."""
    texts = [(ROOT / name).read_text() for name in ("README.md", "pipeline/cli/__init__.py")]
    told = [re.findall(r"^\| (\d) \|", text, re.MULTILINE) for text in texts]
    assert told[0] == told[1] == [str(int(code)) for code in Exit]


def test_the_key_of_the_environment_is_demanded(tmp_path: Path) -> None:
    """`pipeline serve` takes the key that is set for it, and no other."""
    ready = tmp_path / "ready"
    arguments = [*PROGRAM, "serve", "--port", "0", "--ready-file", str(ready), "--data", str(tmp_path / "data")]
    with subprocess.Popen(arguments, env=environment(TWELVE_LABS_API_KEY=KEY), stdout=subprocess.PIPE) as process:
        until(ready.exists)
        url = f"{ready.read_text()}/assets"
        statuses = [httpx.get(url, headers={"x-api-key": key}).status_code for key in (KEY, "another")]
        process.terminate()
        told = process.stdout.read().decode()
    assert statuses == [200, 401]
    assert told == f"the embedded platform listens on {ready.read_text()}\n"
