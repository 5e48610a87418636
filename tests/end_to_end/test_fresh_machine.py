"""`scripts/setup` on machines of every sort, with a stand-in for Python that notes what it is asked for."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A Python that makes environments with a copy of itself, and installs by writing a line.
STAND_IN = """#!/bin/sh
echo "$(basename "$(dirname "$(dirname "$0")")") $*" >>"$NOTES"
case "$*" in
*"--clear --without-pip"*) mkdir -p .venv/bin && cp "$STAND_IN" .venv/bin/python && touch .venv/no-pip ;;
*"-m venv"*)
    [ "$WITHOUT_ENSUREPIP" = yes ] && exit 1
    rm -rf .venv && mkdir -p .venv/bin && cp "$STAND_IN" .venv/bin/python ;;
*"-m pip --version"*) [ ! -e .venv/no-pip ] ;;
*install*) [ "$WITHOUT_NETWORK" != yes ] ;;
esac
"""


class Machine:
    """A checkout in a folder with spaces, and a `python3`."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "my check out"
        self._folder = folder
        self._program = folder / "system" / "bin" / "python3"
        (self.checkout / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "setup", self.checkout / "scripts")
        (self.checkout / "pyproject.toml").touch()
        self._program.parent.mkdir(parents=True)
        self._program.write_text(STAND_IN)
        self._program.chmod(0o755)

    def setup(self, *extra: str, **oddities: str) -> tuple[int, list[str]]:
        """Run `scripts/setup` from another folder: its exit code, and the installations it asked for."""
        notes = self._folder / "notes"
        notes.write_text("")
        variables = {
            "PATH": f"{self._program.parent}:/usr/bin:/bin",
            "NOTES": str(notes),
            "STAND_IN": str(self._program),
            "WITHOUT_ENSUREPIP": "no",
            "WITHOUT_NETWORK": "no",
            **oddities,
        }
        script = self.checkout / "scripts" / "setup"
        done = subprocess.run([script, *extra], env=variables, cwd="/", capture_output=True, check=False)
        return done.returncode, [line for line in notes.read_text().splitlines() if " install " in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_setup_installs_once(machine: Machine) -> None:
    """The first set-up installs with the environment's own pip, the second does nothing, another extra installs."""
    code, installed = machine.setup()
    assert (code, [line.split()[0] for line in installed]) == (0, [".venv"])
    assert machine.setup() == (0, [])
    code, installed = machine.setup("test")
    assert code == 0
    assert [line.split()[-1] for line in installed] == [".[test]"]


def test_setup_works_without_ensurepip(machine: Machine) -> None:
    """Where the system's Python cannot put pip into an environment, its own pip installs into an empty one."""
    code, (installed,) = machine.setup(WITHOUT_ENSUREPIP="yes")
    assert code == 0
    assert installed.startswith("system -m pip --python .venv/bin/python install")


def test_an_interrupted_installation_is_repeated(machine: Machine) -> None:
    """An installation that broke off is no installation: the next set-up installs again."""
    code, _ = machine.setup(WITHOUT_NETWORK="yes")
    assert code != 0
    code, installed = machine.setup()
    assert (code, len(installed)) == (0, 1)


def test_a_moved_checkout_is_set_up_again(machine: Machine, tmp_path: Path) -> None:
    """An environment does not survive being moved, so that it is made again."""
    machine.setup()
    machine.checkout = machine.checkout.rename(tmp_path / "elsewhere")
    code, installed = machine.setup()
    assert (code, len(installed)) == (0, 1)


def test_an_environment_without_its_python_is_made_again(machine: Machine) -> None:
    """Where the Python that an environment was made with is gone, a new one is made."""
    machine.setup()
    (machine.checkout / ".venv" / "bin" / "python").unlink()
    (machine.checkout / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    code, installed = machine.setup()
    assert (code, len(installed)) == (0, 1)


def test_changed_requirements_are_installed(machine: Machine) -> None:
    """A `pyproject.toml` newer than the last installation is installed."""
    machine.setup()
    stamp = machine.checkout / ".venv" / ".installed-plain"
    subprocess.run(["touch", "-d", "2001-01-01", stamp], check=True)
    code, installed = machine.setup()
    assert (code, len(installed)) == (0, 1)
