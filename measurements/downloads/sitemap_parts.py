"""The parts of the site's map, out of the database: pages, boards, the values of each board, results by their id."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from django.db.models import Max
from django.urls import NoReverseMatch

from measurements.boards.models import NAMED_BY, BoardVersion
from measurements.boards.queries import list_boards
from measurements.boards.series import SuiteSeries, series_by_slug, series_of_suite
from measurements.catalog.cached_rows import datasets_by_key, hardware_by_key, models_by_key, tasks_by_slug
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite
from measurements.intake.models import State, Submission
from measurements.published.models import PublishedSeries
from measurements.web.api_reference import read_reference
from measurements.web.as_of import address_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

MAX_ADDRESSES = 10_000
"""Pages in one part, each in every language: the protocol allows 50,000 addresses, a page of ours reads fewer rows."""
CELLS_PER_PART = 150
"""Values of a board in one part, about 2.5 kilobytes each with their addresses in two languages."""
FEW_RESULTS, MANY_RESULTS = 5_000, 18_000
"""Up to the first all results are one part, up to the second sixteen by the first digit of their id, else 256."""
OF_CELL = ("dataset_id", "model_id", "hardware_class_id", "scope", "stratum", "updated_at")
CELLS = re.compile(r"cells(?:-([2-9]|[1-9][0-9]{1,4}))?", re.ASCII)
DIGITS = "0123456789abcdef"
PAGES = (
    *(
        "home",
        "boards",
        "comparisons",
        "models",
        "hardware-classes",
        "datasets",
        "suites",
        "data",
        "results",
        "claims",
        "impact",
        "needed",
        "decisions",
        "about",
        "method",
        "trust",
    ),
    *("api-reference", "reference-problems", "source-code", "standards"),
)


@dataclass(frozen=True, kw_only=True)
class MappedPage:
    """A page's path in the language in use, and when what it shows last changed; None where that is not stored."""

    path: str
    changed_at: datetime | None


def part_names() -> list[tuple[str, datetime | None]]:
    """Every part that has a page, with the time of its last change."""
    changes = _changes_of_series()
    cells = [
        (f"{_kind_of_cells(number)}.{entry.series.slug}.{entry.task.slug}", changes.get(entry.series.slug))
        for entry in list_boards()
        if isinstance(entry.series, SuiteSeries)
        for number in range(1, ceil(entry.n_rows / CELLS_PER_PART) + 1)
    ]
    return [
        ("pages", None),
        ("boards", None),
        *((name, None) for name in SUBJECTS),
        *cells,
        *((f"results.{prefix}", at) for prefix, at in _result_parts()),
    ]


def pages_of(name: str) -> list[MappedPage] | None:
    """The pages of a part; None where there is no such part."""
    kind, _, rest = name.partition(".")
    if name == "pages":
        return [MappedPage(path=address_at(None, *page), changed_at=None) for page in _pages_by_name()]
    if name == "boards":
        return _boards()
    if name in SUBJECTS:
        return SUBJECTS[name]()
    if (of_cells := CELLS.fullmatch(kind)) is not None:
        return _cells(rest, number=int(of_cells[1] or 1))
    if kind == "results" and rest == rest.lower() and set(rest) <= {*DIGITS} and len(rest) <= 2:
        return _results(rest)
    return None


def _pages_by_name() -> list[tuple[str, ...]]:
    """The names of addresses, those of the API's reference with the group that each shows."""
    reference = read_reference()
    return [
        *((page,) for page in PAGES),
        *(("reference-operations", group) for group in reference.groups),
        *(("reference-schemas", group) for group in reference.schema_groups),
    ]


def _boards() -> list[MappedPage]:
    changes = _changes_of_series()
    return [
        MappedPage(
            path=address_at(None, "board", entry.series.slug, entry.task.slug),
            changed_at=changes.get(entry.series.slug),
        )
        for entry in list_boards()[:MAX_ADDRESSES]
    ]


def _models() -> list[MappedPage]:
    slugs = AiModel.objects.values_list("slug", flat=True)[:MAX_ADDRESSES]
    return _subjects("model", ((slug,) for slug in slugs))


def _hardware() -> list[MappedPage]:
    classes = HardwareClass.objects.all()[:MAX_ADDRESSES]
    return _subjects("hardware", ((row.public_slug,) for row in classes))


def _datasets() -> list[MappedPage]:
    return _subjects("dataset", DataSet.objects.values_list("task__slug", "slug")[:MAX_ADDRESSES])


def _suites() -> list[MappedPage]:
    suites = Suite.objects.order_by("pk")[:MAX_ADDRESSES]
    return _subjects("suite", ((suite.slug,) for suite in suites))


def _subjects(name: str, every: Iterable[tuple[str, ...]]) -> list[MappedPage]:
    """Pages about things, without a time: that of their values is in the parts of these. Some names have no address."""
    pages = []
    for args in every:
        with suppress(NoReverseMatch):
            pages.append(MappedPage(path=address_at(None, name, *args), changed_at=None))
    return pages


SUBJECTS: dict[str, Callable[[], list[MappedPage]]] = {
    "models": _models, "hardware": _hardware, "datasets": _datasets, "suites": _suites,
}  # fmt: skip
"""Parts of pages about things."""


def _changes_of_series() -> dict[str, datetime]:
    """When each series last changed, by its slug."""
    versions = BoardVersion.objects.select_related("suite")
    suites = {series_of_suite(row.suite, row.grade).slug: row.changed_at for row in versions}
    return suites | {row.slug: row.imported_at for row in PublishedSeries.objects.all()}


def _kind_of_cells(number: int) -> str:
    """How the name of a part with values of a board begins: the first of a board has no number."""
    return "cells" if number == 1 else f"cells-{number}"


def _cells(name: str, *, number: int) -> list[MappedPage] | None:
    """Values of one board; its name is the series and the task, both of which may hold dots. None for no values."""
    parts = name.split(".")
    for cut in range(1, len(parts)):
        series = series_by_slug(".".join(parts[:cut]))
        task = tasks_by_slug().get(".".join(parts[cut:]))
        if isinstance(series, SuiteSeries) and task is not None:
            cells = series.cells().of_tasks([task]).order_by("pk").values_list(*OF_CELL)
            first = (number - 1) * CELLS_PER_PART
            pages = [_cell(series.slug, task.slug, *cell) for cell in cells[first : first + CELLS_PER_PART]]
            return pages if pages or number == 1 else None
    return None


def _cell(
    series: str, task: str, dataset: int, model: int, hardware: int, scope: str, stratum: str, at: datetime
) -> MappedPage:
    names = (
        datasets_by_key()[dataset].slug,
        models_by_key()[model].slug,
        hardware_by_key()[hardware].public_slug,
    )
    named = dict(zip(NAMED_BY, (*names, scope, stratum), strict=True))
    return MappedPage(path=address_at(None, "cell", series, task, **named), changed_at=at)


def _result_parts() -> list[tuple[str, datetime | None]]:
    accepted = Submission.objects.filter(state=State.ACCEPTED).order_by()
    n_results = accepted[: MANY_RESULTS + 1].count()
    if n_results == 0:
        return []
    if n_results <= FEW_RESULTS:
        return [("", accepted.aggregate(at=Max("received_at"))["at"])]
    if n_results <= MANY_RESULTS:
        return [(digit, None) for digit in DIGITS]
    return [(f"{first}{second}", None) for first in DIGITS for second in DIGITS]


def _results(prefix: str) -> list[MappedPage]:
    """Accepted results whose id begins so. Each has the time of its last move, after which its page is as it is."""
    accepted = Submission.objects.filter(
        state=State.ACCEPTED, result_id__gte=prefix.ljust(64, "0"), result_id__lte=prefix.ljust(64, "f")
    )
    moved = accepted.annotate(moved_at=Max("transitions__moved_at")).order_by("result_id")
    rows = moved.values_list("result_id", "moved_at", "received_at")[:MAX_ADDRESSES]
    return [
        MappedPage(path=address_at(None, "result", result_id), changed_at=moved_at or received_at)
        for result_id, moved_at, received_at in rows
    ]
