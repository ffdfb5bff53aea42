"""What a page costs after a change: rows that are as they were are not written again, and parts stay small."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from lxml import etree

from joulemark_simulation.result_rows import GENERAL, SENTIMENT, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.board_changes import ChangedRow, board_changes
from measurements.boards.models import NAMED_BY
from measurements.boards.queries import read_ranked_rows
from measurements.boards.series import series_by_slug
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import Task
from measurements.downloads import sitemap_parts, sitemaps
from measurements.pages import fragments
from measurements.pages.templatetags import written_rows
from measurements.web.compact_templates import VERBATIM, compact

SERIES, TASK = "demo-1-estimated", "text_classification"
SUBJECTS = (
    "/en/hardware/amd-ryzen-7-5800x/",
    f"/en/models/{SPECIFIC}/",
    f"/en/datasets/{TASK}/{SENTIMENT}/",
    f"/en/boards/{SERIES}/{TASK}/",
)
PART_BYTES = 500_000


def make_board() -> None:
    """Two models on two data sets, by two contributors each."""
    demo_catalog()
    for by in ("ada", "grace"):
        for model, energy in ((SPECIFIC, 0.5), (GENERAL, 6.0)):
            make_result(Run(by=by, device=by, model=model, energy_per_query_j=energy))
            make_result(Run(by=by, device=by, model=model, energy_per_query_j=energy, dataset=SENTIMENT))
    refresh_stale_cells()


@pytest.mark.django_db
def test_rows_that_have_not_changed_are_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """On every page with a list of values; of those that have changed no more than one a value."""
    make_board()
    monkeypatch.setattr(fragments, "FRAGMENTS", fragments.KeptFragments(2**20))
    client = Client()
    written: list[str] = []
    counted = fragments.written_once

    def written_once(template: str, moment: Any, key: Any, write: Any) -> Any:
        def note_and_write() -> Any:
            written.append(template)
            return write()

        return counted(template, moment, key, note_and_write)

    monkeypatch.setattr(written_rows, "written_once", written_once)
    before = [client.get(address).content.decode() for address in SUBJECTS]
    n_rows = len(written)
    assert n_rows >= len(SUBJECTS) + 2
    written.clear()
    make_result(Run(by="lin", device="lin", energy_per_query_j=0.6))
    refresh_stale_cells()
    after = [client.get(address).content.decode() for address in SUBJECTS]
    assert before != after
    assert 0 < len(written) < n_rows
    assert max(written.count(template) for template in written) <= 2


@pytest.mark.django_db
def test_changes_are_those_of_all_rows_ranked_at_both_moments() -> None:
    """Between any two moments, though groups that stood as they do are not read; names and order are the board's."""
    moments = [timezone.now()]
    make_board()
    moments.append(timezone.now())
    make_result(Run(by="lin", device="lin", energy_per_query_j=0.9))
    refresh_stale_cells()
    moments.append(timezone.now())
    make_result(Run(by="lin", device="lin", model=GENERAL, dataset=SENTIMENT, energy_per_query_j=3.0))
    refresh_stale_cells()
    moments.append(timezone.now() + timedelta(days=1))
    series, task = series_by_slug(SERIES), Task.objects.get(slug=TASK)
    assert series is not None
    for since in moments:
        for until in [moment for moment in moments if moment >= since]:
            compared = board_changes(series=series, task=task, since=since, until=until)
            before, after = (
                {_name(row): row for row in read_ranked_rows(series, task, at=at)} for at in (since, until)
            )
            pairs = [
                ChangedRow(before=before.get(name), after=after.get(name)) for name in {**after, **before}
            ]
            expected = [pair for pair in pairs if _value(pair.before) != _value(pair.after)]
            assert (compared.changed if compared else []) == expected
            assert (compared is None) == (not before and not after)


def _name(row: Any) -> tuple[str, ...]:
    return tuple(getattr(row, name) for name in NAMED_BY)


def _value(row: Any) -> Any:
    return row and (row.energy_per_query_j, row.low_j, row.high_j, row.rank, row.rank_worst)


@pytest.mark.django_db
def test_values_of_a_board_are_in_one_part_of_the_map_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: the index lists every part, a part beyond the last is none, and the largest is small."""
    make_board()
    whole = sitemap_parts.pages_of(f"cells.{SERIES}.{TASK}")
    assert whole is not None
    assert len(whole) == 4
    longest = max(len(sitemaps._page(page)) for page in whole)
    assert longest * sitemap_parts.CELLS_PER_PART < PART_BYTES
    monkeypatch.setattr(sitemap_parts, "CELLS_PER_PART", 3)
    names = [name for name, _ in sitemap_parts.part_names() if name.startswith("cells")]
    assert names == [f"cells.{SERIES}.{TASK}", f"cells-2.{SERIES}.{TASK}"]
    parts = [sitemap_parts.pages_of(name) or [] for name in names]
    assert [page for part in parts for page in part] == whole
    for name in ("cells-3", "cells-1", "cells-02", "cells-"):
        assert Client().get(f"/sitemaps/{name}.{SERIES}.{TASK}.xml").status_code == 404
    root = etree.fromstring(Client().get(f"/sitemaps/{names[1]}.xml").content)
    assert len(root) == len(settings.LANGUAGES)


TEMPLATES = sorted(
    file
    for folder in ("measurements", "platform")
    for file in (Path(settings.ROOT) / folder).rglob("templates/**/*.html")
)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_compact_template_says_the_same(file: Path) -> None:
    """White space is white space still, what is shown as it is written stays so, and messages keep their words."""
    source = file.read_text(encoding="utf-8")
    text = compact(source)
    assert compact(text) == text
    assert re.sub(r"\s+", " ", text) == re.sub(r"\s+", " ", source)
    assert [part[0] for part in VERBATIM.findall(text)] == [part[0] for part in VERBATIM.findall(source)]
    assert not re.search(r"\n[ \t\n]", VERBATIM.sub("|", text))
    for opening in re.findall(r"{% blocktrans(?:late)?\b[^%]*%}(?=[^{]*\n)", source):
        assert "trimmed" in opening


def test_elements_that_show_white_space_keep_theirs() -> None:
    """And what stands around them does not."""
    assert compact("<p>\n  a\n\n  <pre>\n  b\n</pre>\n  c  \n</p>") == "<p>\na\n<pre>\n  b\n</pre>\nc\n</p>"
