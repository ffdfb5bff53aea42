"""Whoever reads a release finds the same numbers, and other projects' programs accept what it says of itself."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from joulemark.release.tables import table_named
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


@contextmanager
def open_csv(file: Path) -> Iterator[csv.DictReader[str]]:
    """As `read.csv` of R reads it: a header, quotes that are doubled, nothing else."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        yield csv.DictReader(text)


def test_every_reader_finds_the_same_numbers(root: Path) -> None:
    populate(with_release=False)
    release = publish_release()
    manifest = manifest_of(root, release.name)
    for name in ("results", "windows", "cells", "published_figures", "intensities"):
        table, files = table_named(name), manifest.tables[name]
        numbers = [column.name for column in table.columns if column.kind in {"float64", "int64"}]
        parquet = [str(root / file.path) for file in files.of_form("parquet")]
        texts = [root / file.path for file in files.of_form("csv.gz")]
        lines = [root / file.path for file in files.of_form("jsonl.gz")]
        for column in numbers:
            expected = math.fsum(
                value
                for file in parquet
                for value in pq.read_table(file, columns=[column]).column(0).to_pylist()
                if value is not None
            )
            found = duckdb.execute(f'SELECT "{column}" FROM read_parquet({parquet})').fetchall()  # noqa: S608 - our names
            assert math.fsum(value for (value,) in found if value is not None) == expected
            frame = pl.concat([pl.read_parquet(file, columns=[column]) for file in parquet])
            assert math.fsum(value for value in frame[column] if value is not None) == expected
            pandas = pd.concat([pd.read_csv(file, compression="gzip") for file in texts])
            assert math.fsum(pandas[column].dropna()) == expected, (name, column)
            plain: list[float] = []
            for text in texts:
                with open_csv(text) as reader:
                    plain += [float(row[column]) for row in reader if row[column] != ""]
            assert math.fsum(plain) == expected
            jsons = [
                json.loads(line)[column]
                for file in lines
                for line in gzip.decompress(file.read_bytes()).splitlines()
            ]
            assert math.fsum(value for value in jsons if value is not None) == expected


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
