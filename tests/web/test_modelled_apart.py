"""A modelled energy stands on boards of its own: no query of a board, table, comparison, ladder or size plot has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from joulemark.published.boundary import MODELLED
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.board_query import UNITS, BoardQuery
from measurements.boards.board_table import read_table
from measurements.boards.claim_values import read_board_values
from measurements.boards.comparisons import read_comparisons
from measurements.boards.equal_size import read_equal_size
from measurements.boards.ladder import read_ladder
from measurements.boards.latest_values import latest_values, least_values
from measurements.boards.queries import read_board
from measurements.boards.series import all_series, metered_series, published_series
from measurements.boards.services import refresh_stale_cells
from measurements.boards.size_fit import read_size_groups
from measurements.catalog.models import Task
from measurements.display.choices import Grade
from measurements.published.models import PublishedSeries
from measurements.published.services import SeriesFacts, write_series

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
TWIN = "arena"


@pytest.fixture
def made(db: None) -> None:
    """The 2024 study, and a value of volunteers beside it."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    make_result(Run())
    refresh_stale_cells()


def model_the_study() -> None:
    """A modelled series with each subject of the study, at a thousandth of its energy: it would win everywhere."""
    study = PublishedSeries.objects.get()
    figures = list(study.figures.all())
    assert len(figures) > 100
    for figure in figures:
        figure.pk = None
        figure.energy_kwh_per_1000 /= 1000
        for part in ("gpu", "cpu", "ram", "low", "high", "std"):
            name = f"{part}_kwh_per_1000"
            if getattr(figure, name) is not None:
                setattr(figure, name, getattr(figure, name) / 1000)
    facts = {name: getattr(study, name) for name in SeriesFacts.__dataclass_fields__}
    write_series(
        facts=SeriesFacts(**{**facts, "slug": TWIN, "scope": MODELLED}),
        digest="0" * 64,
        figures=figures,
        left_out=[],
    )


DIGITS = re.compile(r"\d+\.\d{12,}(?:e[-+]\d+)?")


def answers() -> dict[str, str]:
    """What every query of measured and published values answers, by its name, to twelve digits.

    A database sums in the order in which it meets its rows, which moves the last digit.
    """
    return {
        name: DIGITS.sub(lambda found: f"{float(found[0]):.12g}", text)
        for name, text in written_answers().items()
    }


def written_answers() -> dict[str, str]:
    """Each answer as Python writes it."""
    tasks = list(Task.objects.all())
    found = {
        "comparisons": repr(read_comparisons(tasks)),
        "ladder": repr(read_ladder()),
        "latest": repr(latest_values(100)),
        "least": repr(least_values(100)),
        "claims": repr(read_board_values()),
        "equal size": repr(read_equal_size([s for s in all_series() if s.slug != TWIN])),
    }
    for task in tasks:
        found[f"sizes {task.slug}"] = repr(read_size_groups(task))
        for unit in UNITS:
            table = read_table(task_slug=task.slug, query=BoardQuery(unit=unit))
            assert table is not None
            found[f"table {task.slug} {unit}"] = repr(table.rows)
    for series in all_series():
        if series.slug != TWIN:
            for task in tasks:
                found[f"board {series.slug} {task.slug}"] = repr(
                    read_board(series_slug=series.slug, task_slug=task.slug)
                )
    return found


def test_no_query_answers_otherwise_for_a_modelled_twin_of_the_study(made: None, client: Client) -> None:
    before = answers()
    assert len({name.partition(" ")[0] for name in before}) == 9
    model_the_study()
    (twin,) = (series for series in published_series() if series.slug == TWIN)
    assert twin.grade == Grade.MODELLED
    assert twin not in metered_series()
    assert answers() == before
    board = client.get(f"/api/v1/boards/{TWIN}/text_classification.json").json()
    assert board["grade"] == "modelled"
    assert board["rows"]
    assert {row["scope"] for row in board["rows"]} == {"modelled"}


def test_the_same_twin_would_change_them_if_it_were_metered(made: None) -> None:
    """So that the law above can fail: the same figures under the scope of the study are in all of these answers."""
    before = answers()
    model_the_study()
    study = PublishedSeries.objects.exclude(slug=TWIN).get()
    twin = PublishedSeries.objects.get(slug=TWIN)
    twin.scope = study.scope
    twin.save()
    after = answers()
    changed = {name.partition(" ")[0] for name, answer in after.items() if answer != before[name]}
    assert {"comparisons", "sizes", "table"} <= changed
