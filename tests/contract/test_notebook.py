"""The notebook for hosted GPUs, the same file, from the installation to an accepted result, on a local platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import joulemark
from tests.fresh_environment import build_distributions, make_environment
from tests.notebook_runner import code_cells, execute, parameters_of
from tests.processes import ROOT, Platform, embedded_platform

NOTEBOOK = ROOT / "agent" / "notebook" / "joulemark.ipynb"


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with embedded_platform(folder=tmp_path) as running:
        running.start_web()
        yield running


@pytest.mark.processes
@pytest.mark.weights
@pytest.mark.timeout(300)
def test_it_installs_joins_and_measures_an_accepted_result(platform: Platform, tmp_path: Path) -> None:
    wheel = build_distributions(ROOT / "agent", tmp_path / "dist").wheel
    fresh = make_environment(tmp_path / "fresh")
    outliving = tmp_path / "drive"
    executed = execute(
        NOTEBOOK,
        fresh,
        PLATFORM=platform.origin,
        NAME="Hosted volunteer",
        SUITE="demo",
        JOBS=1,
        METER="estimate",
        KEEP_IN=str(outliving),
        SOURCE=f"{wheel}[run]",
    )
    assert platform.origin in executed.printed["join"]
    assert "accepted" in executed.printed["status"]
    (listed,) = json.loads(platform.get("/api/v1/results/")[1])["results"]
    assert (listed["state"], listed["suite"], listed["grade"]) == ("accepted", "demo-1", "estimated")
    assert "Hosted volunteer" in platform.get(f"/results/{listed['result_id']}/")[1].decode()
    assert (outliving / "config" / "joulemark" / "key.pem").is_file()
    assert list((outliving / "state").rglob(f"{listed['result_id']}*.joulemark.json"))
    assert not (fresh.home / "config").exists(), "nothing is left on the machine that is wiped"


def test_it_has_one_cell_of_settings_and_every_one_is_used() -> None:
    settings = parameters_of(NOTEBOOK)
    (first, *others) = code_cells(NOTEBOOK)
    assert first["metadata"]["tags"] == ["parameters"]
    rest = "\n".join(cell["source"] for cell in others)
    for name in settings:
        assert re.search(rf"\b{name}\b", rest), f"{name} is set and never used"
    assert not re.search(r"(?m)^[A-Z_]+ = ", rest), "settings are in the first cell alone"
    assert settings["SUITE"] == "quick"
    # a name alone would be asked of a package index, which does not have ours and may have a stranger's
    assert settings["SOURCE"] == f"./joulemark-{joulemark.__version__}-py3-none-any.whl[run]"


def test_it_is_a_notebook_of_the_format_without_outputs() -> None:
    """nbformat 4.5: ids are unique and of its alphabet; nothing that a run left is published."""
    document = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in document["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)
    for cell in document["cells"]:
        needed = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            needed |= {"outputs", "execution_count"}
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
        assert set(cell) == needed
        assert all(line.endswith("\n") for line in cell["source"][:-1])
