"""One cell whose numbers cannot be combined makes no page, answer or refresh of others fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.utils.translation import override

from joulemark.consensus.student_t import t_quantile_95
from joulemark.leaderboard import comparison_numbers
from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards import cell_detail, equal_size
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
from measurements.display.numbers import significant
from measurements.display.units import wh_per_1000
from measurements.published.models import PublishedFigure
from measurements.published.services import SeriesFacts, write_series

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
PAGES = (
    "/", "/compare/", "/compare/text_classification/", "/api/v1/comparisons/text_classification.json",
    "/api/v1/comparisons/text_classification.csv",
)  # fmt: skip


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def both_kinds(dataset: str, people: tuple[str, ...] = ("ada", "lin")) -> None:
    for by in people:
        for model, energy in ((SPECIFIC, 0.4), (GENERAL, 6.0)):
            make_result(Run(by=by, device=by, dataset=dataset, model=model, energy_per_query_j=energy))


def published(energies: dict[str, float]) -> None:
    """A series of these models on one data set; those with a capital letter are general-purpose."""
    task = Task.objects.get(slug="text_classification")
    hardware = HardwareClass.objects.create(slug="gpu-x", title="X", kind="gpu")
    figures = [
        PublishedFigure(
            task=task,
            dataset=DataSet.objects.get(slug=TOPICS),
            model=AiModel.objects.create(
                slug=name.lower(), title=name, kind="general-purpose" if name.isupper() else "task-specific"
            ),
            hardware_class=hardware,
            energy_kwh_per_1000=energy,
            n_runs=1,
            source="table",
        )
        for name, energy in energies.items()
    ]
    facts = SeriesFacts(
        slug="lab", title="Lab", scope="gpu", source="A lab", licence="CC0-1.0", url="", hardware_note=""
    )
    write_series(facts=facts, digest="sha256:0", figures=figures, left_out=[])


@pytest.mark.parametrize("spread", [1.15, 1.2, 1.5, 5.0])
def test_two_published_models_of_each_kind_are_compared(client: Client, spread: float) -> None:
    """Their degrees of freedom lie between 1 and 2, where Student's t divided by zero and four addresses failed."""
    published({"A": 1.0, "B": 1.0 * spread, "x": 0.1, "y": 0.11})
    for address in PAGES:
        assert client.get(address).status_code == 200, address
    (row,) = client.get("/api/v1/comparisons/text_classification.json").json()["rows"]
    if spread < 2:
        assert 1 < row["over_models_degrees"] < 2
        assert row["over_models_low"] < row["ratio"] < row["over_models_high"]
    else:
        assert (row["over_models_low"], row["no_interval"]) == (None, "too-few-models")


def test_a_cell_of_partly_shared_devices_is_refreshed() -> None:
    for by, devices in (("ada", ("a1", "a2", "s")), ("grace", ("g1", "s")), ("lin", ("l",))):
        for device in devices:
            make_result(Run(by=by, device=device, energy_per_query_j=1.0 + len(device) / 10))
    assert refresh_stale_cells() == 1
    cell = Cell.objects.get()
    assert (cell.interval, cell.no_interval, cell.n_contributors) == ("preliminary", "", 3)
    assert t_quantile_95(1.6) == pytest.approx(5.51, abs=0.01)


def test_contributors_a_decade_apart_are_shown_without_an_interval(client: Client) -> None:
    for by, energy in (("ada", 1.0), ("lin", 10.0)):
        make_result(Run(by=by, device=by, energy_per_query_j=energy))
    refresh_stale_cells()
    (row,) = client.get("/api/v1/boards/demo-1-estimated/text_classification.json").json()["rows"]
    assert (row["low_wh_per_1000"], row["high_wh_per_1000"], row["interval"]) == (None, None, "")
    assert (row["no_interval"], row["label"], row["rank"]) == ("sources-disagree", "several sources", None)
    board = client.get("/boards/demo-1-estimated/text_classification/").content.decode()
    (address,) = set(re.findall(r'href="([^"]*/cell/[^"]*)"', board))
    assert (
        "the contributors differ too much for a useful interval"
        in client.get(address.replace("&amp;", "&")).content.decode()
    )


def trip(patch: pytest.MonkeyPatch, module: ModuleType, name: str, when: Callable[..., bool]) -> None:
    function = getattr(module, name)

    def run(*args: Any, **named: Any) -> Any:
        if when(*args, **named):
            raise ZeroDivisionError("float division by zero")
        return function(*args, **named)

    patch.setattr(module, name, run)


def test_a_comparison_that_cannot_be_computed_is_missing_and_said(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    both_kinds(TOPICS)
    both_kinds(SENTIMENT)
    of_topics = lambda **named: any(value.source[0] == TOPICS for value in named["cell_values"])  # noqa: E731
    trip(monkeypatch, comparison_numbers, "paired_ratio", of_topics)
    refresh_stale_cells()
    for address in PAGES:
        assert client.get(address).status_code == 200, address
    answer = client.get("/api/v1/comparisons/text_classification.json").json()
    assert (answer["n_missing"], [row["dataset"] for row in answer["rows"]]) == (1, [SENTIMENT])
    for address in PAGES[1:3]:
        assert "1 comparison is not shown" in client.get(address).content.decode(), address
    assert "the comparison demo-1-estimated" in caplog.text


def test_a_task_all_of_whose_comparisons_fail_still_has_a_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_kinds(TOPICS)
    trip(monkeypatch, comparison_numbers, "paired_ratio", lambda **_: True)
    refresh_stale_cells()
    for address in PAGES:
        assert client.get(address).status_code == 200, address


def test_a_factor_at_equal_size_that_cannot_be_computed_is_missing_and_said(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_kinds(TOPICS)
    trip(monkeypatch, equal_size, "size_controlled_columns", lambda **_: True)
    refresh_stale_cells()
    assert "1 comparison is not shown" in client.get("/compare/").content.decode()


def test_a_value_whose_contributors_cannot_be_compared_still_has_a_page(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for by, energy in (("ada", 0.36), ("lin", 0.72)):
        make_result(Run(by=by, device=by, energy_per_query_j=energy))
    refresh_stale_cells()
    trip(monkeypatch, cell_detail, "cell_equivalences", lambda *_: True)
    board = client.get("/boards/demo-1-estimated/text_classification/").content.decode()
    (address,) = set(re.findall(r'href="([^"]*/cell/[^"]*)"', board))
    answer = client.get(address.replace("&amp;", "&"))
    assert answer.status_code == 200
    with override("en"):
        own = [significant(wh_per_1000(energy)) for energy in (0.36, 0.72)]
    _, _, contributors = answer.content.decode().partition('id="contributors"')
    assert re.findall(r'</th>\s*<td class="num"[^>]*>([^<]*)</td>', contributors)[:2] == own
