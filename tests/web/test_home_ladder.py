"""The front page answers its question: one ladder of stored rows, one sentence, the headline, news and counts."""

from __future__ import annotations

import re
from html import unescape
from math import exp, log
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from measurements.boards.home_numbers import read_changed_values, read_counts
from measurements.boards.ladder import RUNG_TASKS, read_ladder
from measurements.boards.models import Cell
from measurements.display.choices import Grade
from measurements.display.row_plot import Point, dot_plot
from measurements.published.models import PublishedFigure
from tests.web.populated import populate
from tests.web.test_reported_claims import FLOAT16, INT8, cell

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def text(client: Client, language: str = "en") -> str:
    html = client.get("/", headers={"Accept-Language": language}).content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def point(value: float, **over: object) -> Point:
    fields: dict[str, object] = {
        "label": "a", "text": "b", "value": value, "low": value / 2, "high": value * 2, "kind": "task-specific",
        "kind_title": "", "grade": "published",
    }  # fmt: skip
    return Point(**{**fields, **over})  # type: ignore[arg-type]  # a test's own point


def test_the_front_page_has_the_ladder_the_sentence_the_factor_and_what_is_new(client: Client) -> None:
    populate()
    page = text(client)
    for needed in (
        "Classify a text", "Extract an answer", "Write a text", "Describe a picture", "Draw a picture", "Phone charge",
        "LED lamp, one minute", "Web search, 2009", "Drawing a picture takes 1.89 Wh",
        "At equal size the factor is 2.44",
        "What is new", "Checkpoint of the log", "ENERGY STAR", "primary source not checked",
    ):  # fmt: skip
        assert needed in page, needed
    assert "картинку уходит 1,89 Вт·ч" in text(client, "ru")
    html = client.get("/").content.decode()
    ladder = html.split('<figure class="plot rows">')[1].split("</figure>")[0]
    assert ladder.count('class="mark everyday') == 3
    assert ladder.count('class="bar ') == 5
    assert not re.search(r'\by\d?="\d+(\.\d+)?"', ladder), "vertical places grow with the text"


def test_a_rung_is_the_geometric_mean_of_the_models_made_for_the_task() -> None:
    populate()
    ladder = read_ladder()
    assert ladder is not None
    assert (ladder.grade, ladder.scope, len(ladder.rungs)) == ("published", "node", 5)
    assert [rung.wh for rung in ladder.rungs] == sorted(rung.wh for rung in ladder.rungs)
    figures = PublishedFigure.objects.filter(
        task__slug="text_classification", dataset__isnull=True, model__kind="task-specific"
    )
    energies = [figure.energy_kwh_per_1000 for figure in figures]
    rung = ladder.rung("text_classification")
    assert rung is not None
    assert rung.n_models == len(energies) == 8
    assert rung.wh == pytest.approx(exp(sum(map(log, energies)) / 8))
    assert rung.low is not None
    assert rung.high is not None
    assert rung.low <= min(energies) <= max(energies) <= rung.high


def test_a_ladder_is_of_one_series_and_scope_the_best_grade_of_equally_many_rungs() -> None:
    assert read_ladder() is None
    cell(FLOAT16, 3600.0)
    cell(INT8, 14400.0, low_j=None, high_j=None, least_j=14000.0, most_j=15000.0)
    cell(FLOAT16, 1.0, scope="gpu+cpu+dram")
    cell(FLOAT16, 1.0, grade=Grade.ESTIMATED)
    ladder = read_ladder()
    assert ladder is not None
    assert (ladder.grade, ladder.scope) == ("measured", "gpu")
    (rung,) = ladder.rungs
    assert rung.n_models == 1
    assert rung.wh == pytest.approx(2.0)
    assert (rung.low, rung.high) == pytest.approx((1 / 1.01, 15000 / 3600))
    Cell.objects.filter(stratum=INT8).update(most_j=float("inf"), high_j=None)
    again = read_ladder()
    assert again is not None
    assert again.rungs[0].high is None, "what has no end has no bar"


def test_the_front_page_reads_as_many_rows_whatever_there_are() -> None:
    cell(FLOAT16, 1.0)
    with CaptureQueriesContext(connection) as few:
        read_ladder(), read_counts(), read_changed_values()
    for number in range(60):
        cell(f"float16.b{number + 2}.power-default", 2.0 + number)
    with CaptureQueriesContext(connection) as many:
        read_ladder(), read_counts(), read_changed_values()
    assert len(many) <= len(few)
    counts = read_counts()
    assert (counts.n_values, counts.n_results, counts.n_models) == (61, 244, 1)
    assert [row.energy_per_query_j for row in read_changed_values()][:2] == [61.0, 60.0]
    assert len(RUNG_TASKS) == 5


def test_names_stand_at_their_marks_and_inside_the_plot() -> None:
    plot = dot_plot([point(1.0), point(30.0), point(1000.0)], title="", description="", caption="")
    assert plot is not None
    names = [mark.name for mark in plot.marks if mark.name]
    assert [name.anchor for name in names] == ["start", "middle", "end"]
    for mark, name in zip(plot.marks, names, strict=True):
        assert 0 <= name.left <= mark.x <= name.right <= 1
    assert all(mark.x_bar for mark in plot.marks)
    alone = dot_plot([point(5.0, low=None, high=None)], title="", description="", caption="")
    assert alone is not None
    assert alone.marks[0].x_bar is None
    assert dot_plot([], title="", description="", caption="") is None
