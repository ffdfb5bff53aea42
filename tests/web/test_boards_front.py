"""Energy beside quality and size: the front, the same on page, JSON and CSV, and its pictures."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils.translation import override

from joulemark_simulation.result_rows import GENERAL, Run, demo_catalog, make_result
from measurements.boards.services import refresh_stale_cells
from measurements.display.scales import LinearScale, LogScale
from measurements.display.scatter import Scatter, Spot, scatter

BOARD = "demo-1-estimated/text_classification"


def two_models(*, general_accuracy: float, people: tuple[str, ...] = ("ada", "grace", "lin")) -> None:
    demo_catalog()
    for who in people:
        about = Run(by=who, device=who, windows=10)  # 160 questions
        make_result(replace(about, energy_per_query_j=1.0, quality=(("accuracy", 0.8),)))
        general = (("accuracy", general_accuracy),)
        make_result(replace(about, model=GENERAL, energy_per_query_j=9.0, quality=general))
    refresh_stale_cells()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("general", "fronts", "beaten"),
    [
        (0.95, [["accuracy"], ["accuracy"]], [[], []]),
        (0.6, [["accuracy"], []], [[], ["accuracy"]]),
        (0.82, [[], []], [[], []]),
        (0.78, [[], []], [[], []]),
    ],
)
def test_a_model_is_off_the_front_only_where_another_surely_beats_it(
    client: Client, general: float, fronts: list[list[str]], beaten: list[list[str]]
) -> None:
    two_models(general_accuracy=general)
    rows = client.get(f"/api/v1/boards/{BOARD}.json").json()["rows"]
    assert [row["front"] for row in rows] == fronts
    assert [row["beaten"] for row in rows] == beaten
    text = client.get(f"/api/v1/boards/{BOARD}.csv").content.decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert [row["front"] for row in lines] == [";".join(one) for one in fronts]
    for line, row in zip(lines, rows, strict=True):
        (score,) = row["quality"]
        assert (score["n"], score["n_questions"]) == (480, 160)
        assert score["low"] < score["value"] < score["high"]
        assert line["quality_low"] == f"accuracy={score['low']}"
        assert line["quality_high"] == f"accuracy={score['high']}"
        assert line["quality_n_questions"] == "accuracy=160"
    page = client.get(f"/boards/{BOARD}/").content.decode()
    assert page.count('class="front" title=') == sum(map(len, fronts))
    assert page.count("160 questions") == 2
    assert page.count('<figure class="plot scatter">') == 2
    assert ("There is no front" in page) == (fronts == [[], []])


@pytest.mark.django_db
def test_a_single_source_is_neither_on_the_front_nor_beaten(client: Client) -> None:
    """Nobody has repeated its energy, as nobody has its rank."""
    two_models(general_accuracy=0.5, people=("ada",))
    rows = client.get(f"/api/v1/boards/{BOARD}.json").json()["rows"]
    assert [(row["rank"], row["front"], row["beaten"]) for row in rows] == [(None, [], [])] * 2


@pytest.mark.django_db
def test_the_studys_scores_say_why_they_have_no_interval(client: Client) -> None:
    call_command("load_published", verbosity=0)
    rows = client.get("/api/v1/boards/study-2024/text_classification.json").json()["rows"]
    scores = [score for row in rows for score in row["quality"]]
    assert len(scores) == 48
    assert {(score["n_questions"], score["low"], score["no_interval"]) for score in scores} == {
        (None, None, "n-not-known")
    }
    assert all(row["front"] == row["beaten"] == [] for row in rows)
    page = client.get("/boards/study-2024/text_classification/").content.decode()
    assert page.count("number of questions not stated") == 48
    assert "There is no front" in page


@pytest.mark.django_db
def test_nobody_is_on_a_front_alone(client: Client) -> None:
    demo_catalog()
    make_result(Run(by="ada", quality=(("accuracy", 0.8),)))
    refresh_stale_cells()
    (row,) = client.get(f"/api/v1/boards/{BOARD}.json").json()["rows"]
    assert row["front"] == []
    assert "scatter" not in client.get(f"/boards/{BOARD}/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_value_leads_to_what_a_year_of_it_takes(client: Client, language: str) -> None:
    two_models(general_accuracy=0.9)
    page = client.get(f"/boards/{BOARD}/", headers={"accept-language": language}).content.decode()
    cell = re.findall(r'href="(/[a-z]{2}/boards/[^"]*/cell/[^"]*)"', page)[0].replace("&amp;", "&")
    shown = client.get(cell, headers={"accept-language": language}).content.decode()
    (year,) = re.findall(r'href="(/[a-z]{2}/impact/[^"]+)"', shown)
    asked = client.get(year.replace("&amp;", "&"), headers={"accept-language": language})
    assert asked.status_code == 200
    assert asked.context["form"].is_valid()
    assert asked.context["year"].usage.wh_per_query.value == pytest.approx(1 / 3600, rel=1e-12)


def spot(energy: float, other: float, *, on_line: bool = True) -> Spot:
    return Spot(
        label=f"m{energy:g}",
        text="t",
        energy=energy,
        other=other,
        on_line=on_line,
        kind="task-specific",
        kind_title="task-specific",
        grade="measured",
    )


def drawn(*spots: Spot, logarithmic: bool = False) -> Scatter:
    found = scatter(spots, title="", description="", axis="", logarithmic=logarithmic)
    assert found is not None
    return found


def test_less_energy_is_further_left_and_better_is_higher() -> None:
    plot = drawn(spot(1.0, 0.7), spot(10.0, 0.9), spot(100.0, 0.8, on_line=False))
    x = [float(mark.x.rstrip("%")) for mark in plot.marks]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1])
    assert plot.marks[1].y < plot.marks[2].y < plot.marks[0].y
    assert plot.line == [
        (plot.marks[0].x, plot.marks[1].x, plot.marks[0].y, plot.marks[0].y),
        (plot.marks[1].x, plot.marks[1].x, plot.marks[0].y, plot.marks[1].y),
    ]
    assert [mark.label for mark in plot.marks] == ["m1", "m10", ""]


def test_labels_do_not_lie_on_each_other_and_every_mark_has_its_words() -> None:
    plot = drawn(*(spot(float(n), 0.9) for n in range(1, 6)), spot(9.0, 0.5))
    assert [mark.label for mark in plot.marks if mark.label] == ["m1", "m9"]
    assert all(mark.title for mark in plot.marks)


def test_equal_numbers_and_one_model_are_drawn_or_not_at_all() -> None:
    assert scatter([spot(1.0, 0.5)], title="", description="", axis="", logarithmic=False) is None
    for logarithmic in (False, True):
        plot = drawn(spot(2.0, 0.5), spot(2.0, 0.5), logarithmic=logarithmic)
        assert all(0 < mark.y < plot.height for mark in plot.marks)


@pytest.mark.parametrize("extent", [(0.0, 0.0), (0.0, 1.0), (0.7459, 0.9801), (-3.0, 12.0), (99.0, 99.0)])
def test_a_plain_axis_has_round_values_around_its_extent(extent: tuple[float, float]) -> None:
    scale = LinearScale(extent)
    ticks = scale.ticks()
    assert ticks[0] <= extent[0] <= extent[1] <= ticks[-1]
    assert 2 <= len(ticks) <= 7
    assert (scale.share(ticks[0]), scale.share(ticks[-1])) == pytest.approx((0.0, 1.0), abs=1e-12)


def test_a_scatter_speaks_no_comma_into_an_attribute() -> None:
    with override("ru"):
        plot = drawn(spot(1.5, 0.25), spot(7.5, 0.75))
    places = [mark.x for mark in plot.marks] + [tick.at for tick in (*plot.columns, *plot.rows)]
    assert not [place for place in places if "," in place]
    assert LogScale((1.5, 7.5)).share(1.0) == 0.0
