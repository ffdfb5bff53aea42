"""Growth of costs is the same, whether one run has measured both sizes or two runs one each."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import report
from benchmarks.scale_figures import Figures
from benchmarks.scale_growth import FormerRunUnusable, growth_between, growth_of, read_former_run

if TYPE_CHECKING:
    from pathlib import Path

METRICS = {"cold CPU": "ms", "cold CPU, database": "ms", "raw": "KB", "peak memory": "MB"}
VERSIONS = {"Django": "5.2"}
AMOUNTS = st.floats(0.1, 1e4)
SIZES = st.sampled_from([3000, 1_000_000, 10_000_000])


@st.composite
def measured(draw: st.DrawFn) -> list[Figures]:
    """What one run has measured of some addresses."""
    pages = []
    for title in ("/", "/en/", "/api/"):
        page = Figures(title)
        for metric, unit in METRICS.items():
            page.note(metric, unit, draw(AMOUNTS))
        pages.append(page)
    return pages


def written(file: Path, total: int, pages: list[Figures]) -> Path:
    """The file of a run; the rows of stock Django and of goals beside those of the platform."""
    rows = [row for page in pages for row in page.rows(f"joulemark, {total:,}")]
    rows += Figures("100 cells", {"cold CPU": ("ms", [5.0])}).rows(f"stock Django, {total:,}")
    rows.append(report.row("under 500 KB raw", f"goals, {total:,}", "pages that meet it", "of 3", [2.0]))
    file.write_text(json.dumps([{"versions": VERSIONS | {"postgresql": "15"}}, *map(asdict, rows)]))
    return file


@given(measured(), measured(), SIZES, SIZES)
def test_growth_is_that_of_one_run_of_both_sizes(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[Figures],
    second: list[Figures],
    before: int,
    now: int,
) -> None:
    """Whichever of them was measured first; the tables of the earlier run are kept with it."""
    if before == now:
        return
    file = written(tmp_path_factory.mktemp("bench") / "scale.json", before, first)
    former = read_former_run(file, total=now, versions=VERSIONS)
    small, large = (first, second) if before < now else (second, first)
    together = [row for pair in zip(small, large, strict=True) for row in growth_of(*pair)]
    assert list(growth_between(former, now, second)) == together
    assert len(former.rows) == len(METRICS) * len(first) + 2


def test_what_cannot_be_compared_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """No such file, another file, the same size alone, and other versions."""
    page = Figures("/", {metric: (unit, [1.0]) for metric, unit in METRICS.items()})
    file = written(tmp_path / "scale.json", 3000, [page])
    (tmp_path / "other.json").write_text('[{"versions": {}}, {"case": 1}]')
    for name, total, versions, words in (
        ("none.json", 10, VERSIONS, "Name a file that `make bench-scale` has written"),
        ("other.json", 10, {}, "Name a file"),
        ("scale.json", 3000, VERSIONS, "measure another one first"),
        ("scale.json", 10, {"Django": "6"}, "measure both sizes with the same ones"),
    ):
        with pytest.raises(FormerRunUnusable, match=words):
            read_former_run(file.with_name(name), total=total, versions=versions)


def test_an_address_that_one_run_alone_has_measured_has_no_growth(tmp_path: Path) -> None:
    """Nor is anything said of a cost of nothing."""
    pages = [Figures(title, {"cold CPU": ("ms", [0.0]), "raw": ("KB", [2.0])}) for title in ("/", "/new/")]
    former = read_former_run(written(tmp_path / "s.json", 10, pages[:1]), total=100, versions=VERSIONS)
    rows = list(growth_between(former, 100, pages))
    assert {(row.case, row.metric) for row in rows} == {("/", "raw"), ("/", "peak memory")}


def test_the_tables_of_both_sizes_stand_before_growth(tmp_path: Path) -> None:
    """As the page of performance shows them: the earlier run's first."""
    pages = [Figures("/", {metric: (unit, [2.0]) for metric, unit in METRICS.items()})]
    former = read_former_run(written(tmp_path / "s.json", 10, pages), total=100, versions=VERSIONS)
    rows = [*former.rows, *pages[0].rows("joulemark, 100"), *growth_between(former, 100, pages)]
    heads = [head[0] for head, *_ in report.wide_tables([asdict(row) for row in rows])]
    assert heads == ["joulemark, 10", "stock Django, 10", "goals, 10", "joulemark, 100", "growth"]
