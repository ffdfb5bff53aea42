"""Fixtures of the tests that fetch."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.fake_hub import RunningHub

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agent.agent_commands import Agent
from tests.agent.hub_fetch.hub_home import FILES, OTHERS, Home, parquet


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither we nor the hub's library wait between attempts, and it tells the hub nothing of this machine."""
    import huggingface_hub.constants
    import huggingface_hub.file_download
    import huggingface_hub.utils._http as their_http

    from joulemark.patience import Pauses

    at_once = SimpleNamespace(sleep=lambda _: None)
    monkeypatch.setattr(huggingface_hub.file_download, "time", at_once)
    monkeypatch.setattr(their_http, "time", at_once)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    monkeypatch.setattr("joulemark.waiting.SHORT", Pauses(first_s=0.0, longest_s=0.0, count=2))
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(home: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with RunningHub() as hub:
        hub.model("someone/writer", files={**FILES, **OTHERS})
        hub.dataset("someone/prose", files={
            "README.md": b"# Prose",
            "en/train-00000-of-00003.parquet": parquet(tmp_path, "a", "b", "c"),
            "en/train-00001-of-00003.parquet": parquet(tmp_path, "d", "e", "f"),
            "en/train-00002-of-00003.parquet": parquet(tmp_path, "g"),
            "en/test-00000-of-00001.parquet": parquet(tmp_path, "z"),
            "prose.jsonl": b"{}",
        })  # fmt: skip
        yield Home(hub, tmp_path / "hf" / "hub", tmp_path)


@pytest.fixture
def command(home: Home, capsys: pytest.CaptureFixture[str]) -> Agent:
    from joulemark import config
    from tests.agent.agent_commands import Agent

    return Agent(config.load().folders, capsys)
