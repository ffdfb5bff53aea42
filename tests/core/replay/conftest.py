"""One honest release for all tests of this folder, and a copy of it for whoever changes something."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from joulemark_simulation.small_release import build


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release that nobody may change."""
    return build(tmp_path_factory.mktemp("releases"))


@pytest.fixture
def release(honest: Path, tmp_path: Path) -> Path:
    """A copy."""
    return Path(shutil.copytree(honest, tmp_path / "copy"))
