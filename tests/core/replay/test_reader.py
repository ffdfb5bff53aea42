"""A release read in Python: pyarrow tables for every reader, typed objects, verified files, and notebooks that run."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

import joulemark
from joulemark.reader.errors import FileChanged, NoRelease
from joulemark_simulation.small_release import Crowd, build
from tests.core.replay.forging import manifest_of
from tests.notebook_runner import code_cells

NOTEBOOKS = Path(joulemark.__file__).parents[1] / "notebook"


def _with_others_numbers(crowd: Crowd) -> None:
    """Rows of a publisher and of grids, as a platform's release has them."""
    crowd.tables["published_figures"] = [
        {"series": "study-2024", "grade": "published", "scope": "gpu+cpu+dram", "task": task, "dataset": "",
         "model": "a-model", "hardware_code": "gpu-1", "stratum": "", "energy_kwh_per_1000": kwh, "licence": "CC-BY-4.0"}  # noqa: E501
        for task, kwh in (("image_generation", 2.907), ("text_classification", 0.002))
    ]  # fmt: skip
    crowd.tables["intensities"] = [
        {"code": "FRA", "name": "France", "kind": "country", "year": 2024, "gco2e_per_kwh": 44.2,
         "source": "Ember", "licence": "CC-BY-4.0"}
    ]  # fmt: skip
    for row in crowd.tables["models"]:
        row["parameters"] = {"task-specific": 22_000_000, "general-purpose": 135_000_000}.get(row["kind"])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("releases"), edit=_with_others_numbers)


@pytest.fixture
def address(root: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it has there
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_pyarrow_pandas_and_duckdb_sum_alike(root: Path) -> None:
    release = joulemark.open_release(root)
    table = release.table("results")
    expected = sum(row["energy_gross_j"] for row in table.to_pylist())
    assert table.to_pandas()["energy_gross_j"].sum() == pytest.approx(expected, rel=1e-12)
    [(by_duckdb,)] = duckdb.read_parquet(release.paths("results")).sum("energy_gross_j").fetchall()
    assert by_duckdb == pytest.approx(expected, rel=1e-12)
    assert (
        sum(batch.num_rows for batch in release.batches("results", columns=["result_id"])) == table.num_rows
    )


def test_rows_are_typed_objects_with_grade_scope_and_version(root: Path) -> None:
    release = joulemark.open_release(root)
    cells = list(release.cells())
    assert {(cell.grade, cell.scope, cell.version) for cell in cells} == {("estimated", "cpu", 1)}
    assert all(cell.quality[0]["metric"] == "accuracy" for cell in cells)
    assert [comparison.n_pairs for comparison in release.comparisons()] == [1]
    results = list(release.results())
    assert {verdict.result_id for verdict in release.verdicts()} == {result.result_id for result in results}
    data = release.bundle(results[-1].result_id)
    assert hashlib.sha256(data).hexdigest() == results[-1].result_id
    with pytest.raises(KeyError):
        release.bundle("0" * 64)


def test_files_of_an_address_are_downloaded_once_and_verified(
    address: str, root: Path, tmp_path: Path
) -> None:
    release = joulemark.open_release(address, cache=tmp_path)
    assert release.table("cells").equals(joulemark.open_release(root).table("cells"))
    [path] = release.paths("cells")
    before = Path(path).stat().st_mtime_ns
    again = joulemark.open_release(address, cache=tmp_path)
    assert again.paths("cells") == [path]
    assert Path(path).stat().st_mtime_ns == before
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_that_changed_is_refused(root: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    file = manifest_of(copy).tables["cells"].files[0]
    data = bytearray((copy / file.path).read_bytes())
    data[-5] ^= 1
    (copy / file.path).write_bytes(bytes(data))
    with pytest.raises(FileChanged, match=file.path):
        joulemark.open_release(copy).table("cells")


def test_what_is_no_release_is_refused_in_words(root: Path, tmp_path: Path) -> None:
    with pytest.raises(NoRelease, match="no folder"):
        joulemark.open_release(tmp_path / "nowhere")
    with pytest.raises(NoRelease, match="2026-12-02"):
        joulemark.open_release(root, "2020-01-01")


@pytest.mark.parametrize("name", ["study_table", "energy_and_size", "own_grid_factor", "consensus_by_hand"])
def test_a_notebook_runs_over_a_release(name: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for cell in code_cells(NOTEBOOKS / f"{name}.ipynb"):
        exec(compile(cell["source"], f"{name} {cell['id']}", "exec"), names)  # noqa: S102 - our own notebook
        if cell["metadata"].get("tags") == ["parameters"]:
            names["RELEASE"] = str(root)
    printed = capsys.readouterr().out
    assert {
        "study_table": "2.9070 kWh per 1,000 queries  (published",
        "energy_and_size": "twice the weights are",
        "own_grid_factor": "44.2 gCO2e/kWh in 2024",
        "consensus_by_hand": "consensus  ",
    }[name] in printed


def test_the_notebooks_hold_no_output() -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert not any(cell.get("outputs") for cell in cells), path.name
