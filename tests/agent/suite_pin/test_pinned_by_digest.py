"""What a lock holds of a model's small files: the digest of each that decides what runs, and nothing of day or hub."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark.suite import read_suite
from tests.fake_hub import FakeHub, RunningHub

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent


SMALL_FILES = {
    "README.md": b"# Writer",
    "LICENSE": b"MIT",
    "config.json": b'{"num_hidden_layers": 2}',
    "generation_config.json": b"{}",
    "tokenizer.json": b"{}",
    "chat_template.jinja": b"{{ messages }}",
    "preprocessor_config.json": b"{}",
    "model.safetensors": bytes(42),
    "modeling.py": b"print()",
}
DECIDE = [
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "preprocessor_config.json",
    "tokenizer.json",
]


def pinned_bytes(command: Agent, hub: FakeHub, small: Path, name: str) -> bytes:
    command.json("suite", "pin", str(small), "--out", str(small.parent / name), "--hub", hub.origin)
    assert command.code == 0
    return (small.parent / name / "lock.toml").read_bytes()


def test_every_file_that_decides_what_runs_is_pinned_by_its_digest(
    command: Agent, hub: FakeHub, small: Path
) -> None:
    hub.model("someone/writer", files=SMALL_FILES)
    pinned_bytes(command, hub, small, "pinned")
    beside = read_suite(small.parent / "pinned").model("writer").beside
    assert beside is not None
    assert [file.name for file in beside] == DECIDE
    for file in beside:
        content = SMALL_FILES[file.name]
        assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    fetched = {path.rpartition("/")[2] for path in hub.asked if "/resolve/" in path}
    assert fetched == set(DECIDE), "no weights are downloaded"


def test_the_same_commits_make_the_same_lock_on_another_day_and_hub(
    command: Agent, hub: FakeHub, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.model("someone/writer", files=SMALL_FILES)
    first = pinned_bytes(command, hub, small, "first")
    monkeypatch.setattr("time.time", lambda: 1_935_000_000.0)  # a day in 2031
    with RunningHub() as mirror:
        mirror.model("someone/writer", files=SMALL_FILES)
        mirror.dataset("someone/prose", large={"en/train-00000.parquet": 9})
        assert pinned_bytes(command, mirror, small, "second") == first
    suites = [read_suite(small.parent / name) for name in ("first", "second")]
    assert suites[0].digest == suites[1].digest
    hub.model("someone/writer", files=SMALL_FILES | {"config.json": b'{"num_hidden_layers": 1}'})
    other = pinned_bytes(command, hub, small, "third")
    third = read_suite(small.parent / "third")
    assert other != first
    assert third.version != suites[0].version
    assert hub.origin.encode() not in first + other


def test_a_small_file_that_comes_short_is_not_pinned(command: Agent, hub: FakeHub, small: Path) -> None:
    hub.model("someone/writer", files=SMALL_FILES)
    hub.wrong["config.json"] = [b"{}"]
    answer = command.json(
        "suite", "pin", str(small), "--out", str(small.parent / "pinned"), "--hub", hub.origin
    )
    assert command.code != 0
    assert "2 bytes of config.json" in json.dumps(answer) + command.err
    assert not (small.parent / "pinned" / "lock.toml").exists()
