"""A hub on 127.0.0.1 with one model and one data set, and the suite that names both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fake_hub import FakeHub, RunningHub
from tests.small_suite import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with RunningHub() as running:
        running.model("someone/writer", large={"model.safetensors": 42}, licence="mit")
        running.dataset("someone/prose", large={"en/train-00000.parquet": 9})
        yield running


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A suite of one model and one data set."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "suite.toml").write_text(MANIFEST, encoding="utf-8")
    return folder
