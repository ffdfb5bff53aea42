"""A model of which nobody says whether it was made for one task is never shown, counted or coloured as one that was."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.models import DeviceValue
from measurements.boards.queries import read_board
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel
from measurements.display.choices import ModelKind
from measurements.display.drawing import Drawing
from measurements.display.kinds import SHAPES, shape_of
from measurements.pages.charts import board_plot, quality_plots, size_plot
from measurements.published.models import PublishedFigure
from tests.page_reading import read_page

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.laws]
ROOT = Path(__file__).parents[2]
CSS = (ROOT / "platform/joulemark_site/static/site/joulemark.css").read_text()
STUDY = "/boards/study-2024/text_classification/"
BOARD = "/boards/demo-1-estimated/text_classification/"


@pytest.fixture
def boards(catalogue: None) -> None:
    """The study and a crowd's board, each with a model of every kind."""
    call_command("load_published", verbosity=0)
    demo_catalog()
    for by, factor in (("ada", 1.0), ("grace", 1.25)):
        for model, energy in ((SPECIFIC, 0.4), (GENERAL, 6.0)):
            make_result(Run(by=by, device=by, model=model, energy_per_query_j=energy * factor))
    refresh_stale_cells()
    least = PublishedFigure.objects.of_series("study-2024").filter(task__slug="text_classification").first()
    assert least is not None
    AiModel.objects.filter(pk=least.model_id).update(kind=ModelKind.UNKNOWN)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("address", [STUDY, BOARD])
def test_every_mark_has_the_kind_of_its_row(
    client: Client, boards: None, address: str, language: str
) -> None:
    if address == BOARD:
        AiModel.objects.filter(slug=SPECIFIC).update(kind=ModelKind.UNKNOWN)
    _, _, series, task, _ = address.split("/")
    board = read_board(series_slug=series, task_slug=task)
    assert board is not None
    words = {"en": "kind not stated", "ru": "вид не указан"}[language]
    for group in board.groups:
        kinds = {row.model_title: row.kind for row in group.rows}
        plots: list[Drawing | None] = [board_plot(group), size_plot(group), *quality_plots(group)]
        assert sum(plot is not None for plot in plots) >= 2
        for plot in plots:
            for mark in plot.marks if plot is not None else ():
                (kind,) = {kind for title, kind in kinds.items() if mark.title.startswith(f"{title}: ")}
                assert mark.shape == kind
    page = read_page(client.get(address, headers={"Accept-Language": language}).content.decode())
    unknown = page.root.all("svg", "unknown")
    drawn = [mark for mark in unknown if "measured" not in mark.attributes["class"]]
    assert len(drawn) >= 2 * sum("unknown" in {row.kind for row in group.rows} for group in board.groups)
    for element in drawn:
        assert words in element.first("title").text
        assert not element.all("circle") or "core" in element.first("circle").attributes.get("class", "")
    legend = page.first("ul", "legend")
    assert words in legend.text
    assert legend.all("svg", "unknown")


def test_kinds_differ_in_shape_and_in_colour_also_on_paper_and_in_the_dark(
    client: Client, boards: None
) -> None:
    legend = read_page(client.get(STUDY).content.decode()).first("ul", "legend")
    shapes = {}
    for kind in ModelKind.values:
        (mark,) = [svg for svg in legend.all("svg", kind) if "measured" in svg.attributes["class"]]
        shapes[kind] = [(part.tag, part.attributes) for part in mark.children if not isinstance(part, str)]
    assert len({str(shape) for shape in shapes.values()}) == 3
    for sheet in (
        CSS,
        *re.findall(r"@media (?:print|\(prefers-color-scheme: dark\)) \{.*?\n\}", CSS, re.DOTALL),
    ):
        colours = dict(re.findall(r"--(specific|general|unknown): (#[0-9a-f]{6})", sheet))
        assert len(colours) == len(set(colours.values())) == 3


def test_no_kind_falls_into_another_one() -> None:
    assert {kind: shape_of(kind) for kind in ModelKind.values} == {kind: kind for kind in ModelKind.values}
    for kind in ("", "Task-Specific", "multi-task", "none"):
        assert kind not in SHAPES
        with pytest.raises(KeyError):
            shape_of(kind)
    assert not re.search(r"\.kind \{[^}]*--(specific|general)", CSS), (
        "a kind without a rule has a kind's colour"
    )
    assert not re.search(r"\.window[^{]*\{[^}]*--(specific|general)", CSS), "windows have no kind"


def test_a_model_of_unknown_kind_takes_part_in_no_comparison(client: Client, boards: None) -> None:
    address = "/api/v1/comparisons/text_classification.json"

    def crowd() -> list[dict[str, Any]]:
        return [row for row in client.get(address).json()["rows"] if row["grade"] != "published"]

    assert len(crowd()) == 1
    AiModel.objects.filter(slug=SPECIFIC).update(kind=ModelKind.UNKNOWN)
    assert DeviceValue.objects.filter(cell__model__slug=SPECIFIC).exists()
    assert crowd() == []
    page = client.get("/compare/").content.decode()
    assert "equal-size" not in page
    row = next(
        line
        for line in csv.DictReader(io.StringIO(client.get(f"/api/v1{BOARD[:-1]}.csv").content.decode()))
        if line["model"] == SPECIFIC
    )
    assert row["kind"] == "unknown"


def test_a_comparisons_marks_are_of_no_kind(client: Client, boards: None) -> None:
    page = read_page(client.get("/compare/text_classification/").content.decode())
    (plot, *_) = page.root.all("figure", "plot")
    marks = plot.all("svg", "mark")
    assert marks
    assert all("ratio" in mark.attributes["class"].split() for mark in marks)
