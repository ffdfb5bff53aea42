"""The contract of a release: its tables, its folder and its manifest, which writer and readers share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.record.errors import Malformed
from joulemark.release import layout, tables
from joulemark.release.columns import BY_ROW, FORMS, KINDS, Column, Table
from joulemark.release.layout import LeafRange, ReleaseName
from joulemark.release.manifest import (
    MANIFEST_FORMAT,
    BundleFile,
    ListedRelease,
    Manifest,
    ReleaseList,
    StoredFile,
    TableFile,
    TableFiles,
    Versions,
    decode_list,
    decode_manifest,
    encode_document,
    parse_sums,
    sums,
)
from joulemark.release.page import with_tables

DIGEST = sha256(b"").hexdigest()
AT = datetime(2026, 12, 2, 1, 0, tzinfo=UTC)
NAMES = st.builds(
    ReleaseName, st.dates(min_value=date(2024, 1, 1), max_value=date(2199, 12, 31)), st.integers(1, 99999)
)


def test_every_table_can_be_written() -> None:
    names = [table.name for table in tables.TABLES]
    assert len(set(names)) == len(names)
    for table in tables.TABLES:
        assert tables.table_named(table.name) is table
        assert all(column.kind in KINDS and column.description.endswith(".") for column in table.columns)
        assert table.column_names[-1] == "licence", "the terms stand in each row, behind all else"
        assert table.licence == BY_ROW or table.licence == "CC-BY-4.0"
        assert "parquet" in table.forms
        assert set(table.forms) <= set(FORMS)


def test_the_page_is_what_the_tables_say() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `make release-docs`"
    with pytest.raises(ValueError, match="needs the lines"):
        with_tables("no marks")


def test_measured_numbers_travel_with_scope_and_grade() -> None:
    for table in tables.TABLES:
        has_energy = any(column.unit in {"J", "kWh"} for column in table.columns)
        if has_energy and table.name != "traces":
            assert {"grade", "scope"} <= set(table.column_names), table.name


def test_a_table_is_refused_that_no_writer_could_write() -> None:
    column = Column("leaf_index", "int64", "An index.")
    loose = Column("note", "string", "A note.", nullable=True)
    with pytest.raises(ValueError, match="key is not among"):
        Table(name="t", description="", columns=(column,), key=("other",), partition="snapshot")
    with pytest.raises(ValueError, match="may be null"):
        Table(name="t", description="", columns=(column, loose), key=("note",), partition="snapshot")
    with pytest.raises(ValueError, match="with which leaf"):
        Table(
            name="t",
            description="",
            columns=(Column("a", "string", "A."),),
            key=("a",),
            partition="leaf",
        )


@pytest.mark.laws
@given(NAMES, NAMES)
def test_names_sort_as_releases_were_made(one: ReleaseName, other: ReleaseName) -> None:
    assert layout.parse_name(str(one)) == one
    assert one < one.next
    assert (one < other) == ((one.day, one.number) < (other.day, other.number))


@pytest.mark.parametrize(
    "name", ["2026-13-01", "2026-12-2", "2026-12-02.1", "2026-12-02.02", "", "..", "2026-12-02\n"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(Malformed) as refused:
        layout.parse_name(name)
    assert refused.value.code == "JM-RELEASE-NAME"


@pytest.mark.laws
@given(st.integers(0, 200_000))
def test_ranges_hold_every_leaf_once(tree_size: int) -> None:
    ranges = list(layout.leaf_ranges(tree_size))
    assert [leaves.start for leaves in ranges] == [0, *(leaves.end for leaves in ranges)][: len(ranges)]
    assert (ranges[-1].end if ranges else 0) == tree_size
    assert all(leaves.is_full for leaves in ranges[:-1])


@pytest.mark.laws
@given(st.text(max_size=60))
def test_no_path_leads_out_of_the_root(path: str) -> None:
    if layout.is_release_path(path):
        assert ".." not in path.split("/")
        assert not path.startswith("/")
        assert "\\" not in path
        assert path.isascii()


def test_paths_of_a_release() -> None:
    leaves = LeafRange(0, 4096)
    paths = [
        layout.part_path("results", leaves, DIGEST, "csv.gz"),
        layout.snapshot_path("cells", DIGEST, "parquet"),
        layout.bundles_path(leaves, DIGEST),
        layout.suite_path(DIGEST),
        layout.own_path("2026-12-02.2", "manifest.json"),
        "tile/entries/x001/067.p/5",
        "tile/0/000",
    ]
    assert all(layout.is_release_path(path) for path in paths)
    strange = ["releases.json", "2026-12-02/other", "../x", "parts/results/0-0/x", "2026-12-02/../a", ""]
    assert not any(layout.is_release_path(path) for path in [*strange, *(f"{path}\n" for path in paths)])
    with pytest.raises(ValueError, match="no file of"):
        layout.own_path("2026-12-02", "passwords")


def manifest(**changes: object) -> Manifest:
    """A manifest of one range of results and one snapshot."""
    fields: dict[str, object] = {
        "format": MANIFEST_FORMAT,
        "name": "2026-12-02",
        "made_at": AT,
        "origin": "https://joulemark.example",
        "log_key": "joulemark.example+00000000+AAAA",
        "previous": None,
        "tree_size": 10,
        "root_hash": DIGEST,
        "versions": Versions(software="1.0", tables=1, rules="8", derivation="1-8"),
        "tables": {
            "results": TableFiles(
                partition="leaf",
                rows=3,
                files=(
                    TableFile(
                        path=layout.part_path("results", LeafRange(0, 10), DIGEST, "parquet"),
                        form="parquet",
                        bytes=5,
                        sha256=DIGEST,
                        rows=3,
                        leaves=(0, 10),
                    ),
                ),
            ),
        },
        "bundles": (
            BundleFile(
                path=layout.bundles_path(LeafRange(0, 10), DIGEST),
                bytes=7,
                sha256=DIGEST,
                leaves=(0, 10),
                count=3,
            ),
        ),
        "tiles": (StoredFile(path="tile/0/000.p/10", bytes=320, sha256=DIGEST),),
        "suites": (),
        "counts": {"results": 3},
        "licence": "CC-BY-4.0",
    }
    return Manifest(**(fields | changes))  # type: ignore[arg-type]  # the tests change single fields


def test_a_manifest_is_read_as_it_was_written() -> None:
    written = manifest()
    assert decode_manifest(encode_document(written)) == written
    assert written.total_bytes == 332
    assert [file.path for file in written.files] == sorted(file.path for file in written.files)


def test_a_manifest_of_a_later_format_says_so() -> None:
    data = encode_document(manifest()).replace(b"joulemark-release/1", b"joulemark-release/2")
    with pytest.raises(Malformed) as refused:
        decode_manifest(data)
    assert refused.value.code == "JM-RELEASE-FORMAT"


def test_fields_that_a_reader_does_not_know_are_ignored() -> None:
    data = encode_document(manifest()).replace(b'"tree_size"', b'"new": 1, "tree_size"', 1)
    assert decode_manifest(data) == manifest()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tile/0/000.p/10", b"../../../etc/pwd"),
        (b'"tree_size": 10', b'"tree_size": 11'),
        (b'"partition": "leaf"', b'"partition": "snapshot"'),
        (b'"name": "2026-12-02"', b'"name": "2026-12-99"'),
        (b'"rows": 3', b'"rows": 4'),
        (b'"count": 3', b'"count": -3'),
    ],
)
def test_a_manifest_that_does_not_fit_itself_is_refused(old: bytes, new: bytes) -> None:
    data = encode_document(manifest())
    assert old in data
    with pytest.raises(Malformed) as refused:
        decode_manifest(data.replace(old, new, 1))
    assert refused.value.code == "JM-SCHEMA"


def listed(name: str) -> ListedRelease:
    """A release in the list."""
    path = layout.own_path(name, "manifest.json")
    return ListedRelease(name=name, made_at=AT, tree_size=1, manifest=path, sha256=DIGEST)


def test_the_list_has_the_newest_first() -> None:
    names = ("2026-12-02.10", "2026-12-02.2", "2026-12-02", "2026-12-01")
    releases = ReleaseList(format="joulemark-releases/1", releases=tuple(map(listed, names)))
    assert decode_list(encode_document(releases)) == releases
    assert releases.named() == listed("2026-12-02.10")
    assert releases.named("2026-12-01") == listed("2026-12-01")
    assert releases.named("2026-11-01") is None
    with pytest.raises(ValueError, match="newest first"):
        ReleaseList(format="joulemark-releases/1", releases=tuple(map(listed, reversed(names))))


def test_sums_are_read_as_they_were_written() -> None:
    files = list(manifest().files)
    assert parse_sums(sums(files)) == {file.path: file.sha256 for file in files}
    for line in (f"{DIGEST} one-space", f"{DIGEST}  /etc/passwd", "short  tile/0/000", sums(files) * 2):
        with pytest.raises(Malformed):
            parse_sums(line)
