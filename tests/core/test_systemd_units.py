"""The units of systemd: the processes of the list, each with its command, closed as containers are."""

from __future__ import annotations

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "systemd"
BIN = "/opt/joulemark/.venv/bin/"
UNITS = sorted(FOLDER.glob("*.service"))


def processes() -> dict[str, list[str]]:
    """The words of each process of a platform in production."""
    lines = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    return {
        name: shlex.split(command) for name, _, command in (line.partition(":") for line in lines if line)
    }


def read(unit: Path) -> configparser.ConfigParser:
    """A unit's sections; of an option that is given several times the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit, encoding="utf-8")
    return parser


@pytest.mark.parametrize("name", processes())
def test_a_unit_runs_the_command_of_its_process(name: str) -> None:
    words = shlex.split(read(FOLDER / f"joulemark-{name}.service")["Service"]["ExecStart"].replace("%%", "%"))
    assert [words[0].removeprefix(BIN), *words[1:]] == processes()[name]
    assert words[0].startswith(BIN)


def test_there_is_a_unit_for_each_process_and_one_that_prepares() -> None:
    names = {f"joulemark-{name}.service" for name in (*processes(), "prepare")}
    assert {unit.name for unit in UNITS} == names
    assert set(read(FOLDER / "joulemark.target")["Unit"]["Wants"].split()) == names


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_can_do_no_more_than_it_must(unit: Path) -> None:
    service = read(unit)["Service"]
    assert service["User"] == "joulemark"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["MemoryMax"]
    if unit.stem != "joulemark-prepare":
        assert (service["Type"], service["Restart"]) == ("exec", "always")
        assert read(unit)["Unit"]["Requires"] == "joulemark-prepare.service"


def test_the_example_sets_what_the_commands_need() -> None:
    lines = (FOLDER / "environment.example").read_text(encoding="utf-8").splitlines()
    set_there = {line.partition("=")[0] for line in lines if not line.startswith("#")}
    needed = {
        name for words in processes().values() for word in words for name in re.findall(r"\$\{(\w+)\}", word)
    }
    assert needed <= set_there
    assert {"JOULEMARK_ORIGIN", "DATABASE_URL", "REDIS_URL", "JOULEMARK_PROXIES"} <= set_there


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not on this machine")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in (*UNITS, FOLDER / "joulemark.target"):
        text = unit.read_text(encoding="utf-8")
        program = "/bin/true"  # nothing is installed at /opt here
        (tmp_path / unit.name).write_text(re.sub(rf"{BIN}\w+", program, text).replace("/opt/joulemark", "/"))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    amiss = [line for line in done.stderr.splitlines() if "joulemark" in line]
    assert amiss == []
