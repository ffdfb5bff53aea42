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
from measurements.display.drawing import Drawing, Segment
from measurements.display.scales import LinearScale
from measurements.display.scatter import Spot, scatter
from measurements.display.templatetags.plots import drawn as drawn_in_page

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
        x=energy,
        y=other,
        is_front=on_line,
        kind="task-specific",
        kind_title="task-specific",
        grade="measured",
    )


def drawn(*spots: Spot, logarithmic: bool = False) -> Drawing:
    found = scatter(
        spots, title="", description="", caption="", is_upward_log=logarithmic, higher_is_better=True
    )
    assert found is not None
    return found


def test_less_energy_is_further_left_and_better_is_higher() -> None:
    plot = drawn(spot(1.0, 0.7), spot(10.0, 0.9), spot(100.0, 0.8, on_line=False))
    x = [mark.x for mark in plot.marks]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1])
    assert plot.marks[1].y < plot.marks[2].y < plot.marks[0].y
    first, second, _ = plot.marks
    assert plot.front == [
        Segment(x1=first.x, x2=second.x, y1=first.y, y2=first.y),
        Segment(x1=second.x, x2=second.x, y1=first.y, y2=second.y),
    ]
    assert [mark.name.label for mark in plot.marks if mark.name] == ["m1", "m10", "m100"]


def test_labels_do_not_lie_on_each_other_and_every_mark_has_its_words() -> None:
    plot = drawn(*(spot(float(n), 0.9) for n in range(1, 6)), spot(9.0, 0.5))
    assert "m1" in {mark.name.label for mark in plot.marks if mark.name}
    assert all(mark.title for mark in plot.marks)


def test_equal_numbers_and_one_model_are_drawn_or_not_at_all() -> None:
    assert scatter([spot(1.0, 0.5)], title="", description="", caption="", is_upward_log=False) is None
    for logarithmic in (False, True):
        plot = drawn(spot(2.0, 0.5), spot(2.0, 0.5), logarithmic=logarithmic)
        assert all(0 < mark.y < plot.height for mark in plot.marks)


@pytest.mark.parametrize("extent", [(0.0, 0.0), (0.0, 1.0), (0.7459, 0.9801), (-3.0, 12.0), (99.0, 99.0)])
def test_a_plain_axis_has_round_values_around_its_extent(extent: tuple[float, float]) -> None:
    scale = LinearScale(extent)
    ticks = scale.ticks()
    assert scale.low <= extent[0] <= extent[1] <= scale.high
    assert scale.low <= ticks[0] <= ticks[-1] <= scale.high
    assert 2 <= len(ticks) <= 9


def test_a_scatter_speaks_no_comma_into_an_attribute() -> None:
    with override("ru"):
        plot = drawn(spot(1.5, 0.25), spot(7.5, 0.75))
    assert not re.search(r'="[^"]*,[^"]*(%|rem)', drawn_in_page(plot))
