"""An agent in a folder of its own, a platform on 127.0.0.1, and a suite that takes milliseconds."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from joulemark import config
from joulemark.meters import cpu_time
from joulemark.meters.nvml import choice as gpu
from joulemark.meters.rapl import meter as rapl
from joulemark.patience import Pauses
from tests.agent import fake_suite
from tests.agent.agent_commands import Agent
from tests.agent.fake_log import FakeLog, RunningLog
from tests.agent.fake_platform import FakePlatform, RunningPlatform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from joulemark.config import Folders

AT_ONCE = Pauses(first_s=0.0, longest_s=0.0, count=2)
"""Two more attempts, without a pause."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@pytest.fixture
def platform() -> Iterator[FakePlatform]:
    with RunningPlatform() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Empty folders, no proxy, no settings, nothing of this machine (RAPL, GPU, company, runs), and no waiting."""
    for kind in ("CONFIG", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    for name in (*PROXIES, "JOULEMARK_PLATFORM", "JOULEMARK_TEST_STOP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where the lock lies that a run takes
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(rapl, "POWERCAP", tmp_path / "no-powercap")
    monkeypatch.setattr(gpu, "SYS", tmp_path / "no-sys")
    (tmp_path / "quiet-proc").mkdir()
    (tmp_path / "quiet-proc" / "stat").write_text("cpu  9 9 9 9 9 9 9 9 9 9\n", encoding="ascii")
    monkeypatch.setattr(cpu_time, "PROC", tmp_path / "quiet-proc")
    monkeypatch.setattr("joulemark.waiting.SHORT", AT_ONCE)
    for room in ("session.run", "patience"):
        monkeypatch.setattr(f"joulemark.{room}.LONG", AT_ONCE)
    monkeypatch.setattr("joulemark.session.verdicts.WAIT_S", 0.0)
    return config.load().folders


@pytest.fixture
def agent(home: Folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent with the tiny suite and no platform."""
    fake_suite.install(lambda module, name, value: monkeypatch.setattr(module, name, value, raising=False))
    monkeypatch.setattr(fake_suite, "MISSING", {})
    monkeypatch.setattr(fake_suite, "TROUBLES", {})
    monkeypatch.setenv("JOULEMARK_PLATFORM", "http://127.0.0.1:9")
    return Agent(home, capsys)


@pytest.fixture
def log() -> Iterator[FakeLog]:
    """A log over three tiles with five results."""
    with RunningLog() as running:
        running.add("key-enrolled", "ab" * 32, contributor="c-1")
        for number in range(4):
            running.receive(f"result {number}", "accepted" if number else "quarantined")
        running.receive("the fifth", None)
        running.fill(600)
        running.publish()
        yield running


@pytest.fixture
def auditor(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """Somebody without a key, who does not wait between two looks."""
    monkeypatch.setattr("joulemark.audit.auditor.PAUSES_S", (0.0, 0.0))
    return agent


@pytest.fixture
def enrolled(agent: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Agent:
    """An agent that the running platform knows."""
    monkeypatch.setenv("JOULEMARK_PLATFORM", platform.origin)
    assert agent("enrol", "--name", "A volunteer") == 0
    return agent


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model by its name, each made once; see simulation/joulemark_simulation/tiny_models."""
    from joulemark_simulation.tiny_models import build

    folder = tmp_path_factory.mktemp("tiny-models")

    def made(name: str) -> Path:
        return folder / name if (folder / name).exists() else build(name, folder)

    return made


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be asked of another machine: neither a name nor a connection."""

    def refuse(*_: object) -> None:
        raise AssertionError("a test asked the network")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """torch on one thread: threads that wait for each other cost many times what they save. Its switches go back."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(mode=False)


@pytest.fixture
def command(home: Folders, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Agent:
    """The command line with the installed suites and no pauses between attempts."""
    for name in ("HF_TOKEN", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return Agent(home, capsys)
