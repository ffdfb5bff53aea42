"""The command line itself: what it imports, what it prints where, and that its documentation is true."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark import errors
from joulemark.cli import COMMANDS, main
from joulemark.errors import AgentError

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "agent.md").read_text(encoding="utf-8")
HEAVY = {"torch", "numpy", "httpx", "pydantic", "rich", "transformers", "pynvml", "platformdirs"}
IMPORTED = """
import json, sys
from joulemark.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def imported_by(*words: str) -> tuple[int, set[str]]:
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "agent"))
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, *words], env=environment, capture_output=True, text=True, check=True
    )
    code, names = json.loads(done.stderr.splitlines()[-1])
    return code, set(names)


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["verify", "--help"], []], ids=" ".join)
def test_help_and_version_import_nothing_heavy(words: list[str]) -> None:
    code, names = imported_by(*words)
    assert code == 0
    assert not names & (HEAVY | {"msgspec", "cryptography", "securesystemslib"})


def test_verify_imports_only_what_it_needs(agent: Agent) -> None:
    agent("run", "--offline", "--meter", "estimate", "--only", "writing/*")
    (kept,) = agent.outbox.results()
    code, names = imported_by("verify", str(kept.path))
    assert code == 0
    assert not names & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_as_documented(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"```text\n{capsys.readouterr().out.strip()}\n```" in DOCS


def test_the_list_of_commands_is_as_documented(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit):
        main(["--help"])
    assert f"```text\n{capsys.readouterr().out.strip()}\n```" in DOCS


def test_every_exit_code_is_documented_with_its_meaning() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)}
    known = {value for name, value in vars(errors).items() if name.startswith("EXIT_")}
    assert documented == known


def test_every_error_has_an_exit_code_of_its_branch() -> None:
    def leaves(kind: type[AgentError]) -> list[type[AgentError]]:
        return [kind, *(leaf for child in kind.__subclasses__() for leaf in leaves(child))]

    for kind in leaves(AgentError)[1:]:
        assert kind.exit_code in {2, 3, 4, 5, 6, 7, 8}, kind


@pytest.mark.parametrize(
    "words",
    [
        ["frobnicate"],
        ["verify"],
        ["run", "--meter", "magic"],
        ["run", "--cpu-watts", "0"],
        ["run", "--cpu-watts", "51"],
        ["run", "--cpu-watts", "nan"],
        ["run", "--cpu-watts", "many"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_a_usage_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert stop.value.code == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["run", "--suite", "nonesuch", "--offline"], 2),
        (["run", "--offline", "--meter", "estimate", "--only", "nothing/*"], 6),
        (["run", "--offline", "--meter", "rapl"], 7),
        (["show"], 6),
        (["show", "nowhere.json"], 2),
        (["submit"], 6),
        (["status"], 6),
        (["verify", "nowhere.json"], 2),
        (["enrol"], 5),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_failures_answer_in_json_with_their_code_and_say_why_on_stderr(
    agent: Agent, words: list[str], code: int
) -> None:
    answer = agent.json(*words)
    assert agent.code == code
    assert answer["ok"] is False
    assert answer["error"]["exit_code"] == code
    assert answer["error"]["sentence"] in agent.err


@pytest.mark.parametrize(
    "words",
    [["doctor"], ["run", "--meter", "estimate"], ["show"], ["submit"], ["status"], ["enrol"]],
    ids=" ".join,
)
def test_json_is_alone_on_stdout(enrolled: Agent, words: list[str]) -> None:
    if words[0] in {"show", "submit", "status"}:
        enrolled("run", "--meter", "estimate")
    assert enrolled.json(*words)["ok"] is True


def test_settings_are_read_and_wrong_ones_are_named(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = agent.folders.settings
    settings.parent.mkdir(parents=True)
    settings.write_text('platform = "http://127.0.0.1:8"\ncpu_watts = 7\n', encoding="utf-8")
    agent("run", "--offline", "--meter", "estimate", "--only", "writing/*")
    (kept,) = agent.outbox.results()
    assert kept.bundle.statement().predicate.sensor.stated_watts == 7
    assert kept.bundle.statement().predicate.audience == "http://127.0.0.1:9", "the environment wins"
    monkeypatch.delenv("JOULEMARK_PLATFORM")
    assert "127.0.0.1:8" in agent.json("enrol")["error"]["sentence"]
    for broken in ("colour = 1", "cpu_watts = -1", "cpu_watts = true", "platform ="):
        settings.write_text(broken, encoding="utf-8")
        assert agent("show") == 2
        assert str(settings) in agent.err


@pytest.mark.parametrize(
    ("system", "command", "sentence"),
    [
        ("win32", ["run", "--offline"], "Install Joulemark in WSL 2"),
        ("win32", ["join", "http://127.0.0.1:9"], "Install Joulemark in WSL 2"),
        ("win32", ["enrol"], "Install Joulemark in WSL 2"),
        ("darwin", ["run", "--offline"], "measures on Linux only: macOS has no energy counter"),
        ("darwin", ["doctor"], "measures on Linux only: macOS"),
        ("freebsd14", ["join", "http://127.0.0.1:9"], "measures on Linux only: freebsd14"),
    ],
    ids=str,
)
def test_a_system_that_cannot_measure_is_told_so_by_the_command_itself(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, system: str, command: list[str], sentence: str
) -> None:
    monkeypatch.setattr("sys.platform", system)
    answer = agent.json(*command)
    assert (agent.code, answer["error"]["code"]) == (7, "unsupported-system")
    assert sentence in answer["error"]["sentence"]
    assert not agent.folders.key.exists()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_what_only_reads_files_works_on_any_system(
    agent: Agent, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    agent("run", "--offline", "--meter", "estimate", "--only", "writing/*")
    (kept,) = agent.outbox.results()
    monkeypatch.setattr("sys.platform", system)
    assert agent("verify", str(kept.path)) == 0
    assert agent("export", "cyclonedx", str(kept.path)) == 0


def test_the_readme_leads_from_a_virtual_environment_to_a_result_by_three_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("## Volunteer your GPU") : text.index("## Use the data")]
    first, *others = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    environment, *steps = [line.partition("#")[0].strip() for line in first.splitlines()]
    assert environment == "python3 -m venv .venv && . .venv/bin/activate"
    assert len(steps) == 3
    assert steps[0].startswith("make install-agent")
    named = re.findall(r"^joulemark (\w+)", "\n".join([*steps, *others]), re.MULTILINE)
    assert named[:2] == ["join", "run"]
    assert set(named) <= set(COMMANDS)
    for system in ("Linux", "WSL 2", "container", "Windows", "macOS"):
        assert system in section
