"""Whoever reads a release finds the same numbers, and other projects' programs accept what it says of itself."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from joulemark.release.columns import Column, Form
from joulemark.release.tables import TABLES
from measurements.releases.models import Release, WrittenRange
from measurements.releases.services import publish_release
from measurements.releases.table_writer import csv_cell
from tests.web.populated import populate
from tests.web.release_reading import manifest_of, rows_of, snapshot

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of releases, which is empty."""
    return tmp_path / "releases"


NUMBERS = {"float64", "int64", "list<int64>"}


def _sum(values: Iterable[Any]) -> float:
    """Of numbers, nulls and lists of numbers; exact, and so independent of their order."""
    lists = (value if isinstance(value, (list, pl.Series)) else [value] for value in values)
    return math.fsum(value for each in lists for value in each if value is not None)


def _by_duckdb(files: list[Path], columns: list[Column]) -> dict[str, float]:
    names = ", ".join(f'"{column.name}"' for column in columns)
    rows = duckdb.execute(f"SELECT {names} FROM read_parquet({[str(file) for file in files]})").fetchall()  # noqa: S608 - our names
    return {column.name: _sum(row[place] for row in rows) for place, column in enumerate(columns)}


def _by_polars(files: list[Path], columns: list[Column]) -> dict[str, float]:
    frame = pl.concat([pl.read_parquet(file, columns=[column.name for column in columns]) for file in files])
    return {column.name: _sum(frame[column.name]) for column in columns}


def _by_pandas(files: list[Path], columns: list[Column]) -> dict[str, float]:
    """pandas is told which columns are integers that may be null."""
    kinds = {column.name: "Int64" if column.kind == "int64" else "float64" for column in columns}
    frame = pd.concat([pd.read_csv(file, dtype=kinds) for file in files])
    return {column.name: _sum(frame[column.name].dropna()) for column in columns}


def _by_csv(files: list[Path], columns: list[Column]) -> dict[str, float]:
    """As `read.csv` of R reads it: a header, quotes that are doubled, nothing else."""
    rows = []
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            rows += list(csv.DictReader(text))
    return {
        column.name: _sum(float(row[column.name]) for row in rows if row[column.name]) for column in columns
    }


def _by_json(files: list[Path], columns: list[Column]) -> dict[str, float]:
    rows = [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    return {column.name: _sum(row[column.name] for row in rows) for column in columns}


READERS: dict[Form, tuple[Callable[[list[Path], list[Column]], dict[str, float]], ...]] = {
    "parquet": (_by_duckdb, _by_polars),
    "csv.gz": (_by_pandas, _by_csv),
    "jsonl.gz": (_by_json,),
}


def test_every_reader_finds_the_same_numbers(root: Path) -> None:
    populate(with_release=False)
    manifest = manifest_of(root, publish_release().name)
    n_compared = 0
    for table in TABLES:
        columns = [column for column in table.columns if column.kind in NUMBERS]
        files = manifest.tables[table.name]
        rows = rows_of(root, manifest, table.name)
        expected = {column.name: _sum(row[column.name] for row in rows) for column in columns}
        for form in table.forms if columns else ():
            for reader in READERS[form]:
                found = reader([root / file.path for file in files.of_form(form)], columns)
                assert found == expected, (table.name, reader.__name__)
                n_compared += len(columns) if any(expected.values()) else 0
    assert n_compared > 400


def test_a_cell_that_a_spreadsheet_may_run_is_text() -> None:
    assert csv_cell("=1+1", "string") == "'=1+1"
    assert csv_cell(-1.5, "float64") == "-1.5"
    assert csv_cell(None, "string") == ""
    assert csv_cell(["=x"], "list<string>") == '["=x"]'


def test_the_same_rows_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    populate(with_release=False)
    publish_release()
    before = snapshot(root)
    Release.objects.all().delete()
    WrittenRange.objects.all().delete()
    (root / "releases.json").unlink()
    publish_release(name="2199-01-01")
    after = snapshot(root)
    snapshots = {path for path in after if path.startswith("snapshots/")}
    assert snapshots == {path for path in before if path.startswith("snapshots/")}
    packed = io.BytesIO((root / next(p for p in snapshots if p.endswith(".csv.gz"))).read_bytes())
    assert packed.read(8)[4:8] == b"\0\0\0\0", "no time in it"


VALIDATORS = ROOT / "build" / "validators" / "bin"


def test_other_projects_validators_accept_what_a_release_says_of_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("joulemark.release.layout.LEAVES_PER_PART", 8)
    assert (VALIDATORS / "python").exists(), "run `make release-validators`"
    populate(with_release=False)
    release = publish_release()
    manifest = manifest_of(root, release.name)
    ran = subprocess.run(
        [VALIDATORS / "python", ROOT / "tests" / "validate_release.py", root, release.name],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["croissant"].get("errors") == [], found["croissant"]
    assert found["croissant"]["warnings"] == []
    assert found["croissant"]["cells"] == [
        row["energy_per_query_j"] for row in rows_of(root, manifest, "cells")
    ]
    assert found["croissant"]["events"] == manifest.tables["events"].rows
    assert found["frictionless"].get("errors") == [], found["frictionless"]
    assert found["ro_crate"].get("errors") == [], found["ro_crate"]
