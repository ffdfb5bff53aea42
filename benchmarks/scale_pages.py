"""Which addresses benchmarks/scale.py asks for: every route that answers GET, and some with a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings

from joulemark_simulation.addresses import routes
from measurements.boards.board_query import ROWS_PER_PAGE
from measurements.boards.models import Cell
from measurements.boards.series import series_of_suite
from measurements.downloads.resource_formats import FORMATS
from measurements.review.models import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scale_rows import LargePlatform
    from joulemark_simulation.addresses import Route

NOT_ASKED = ("jsi18n/", "metrics", "doctor/", "releases/")
IMPACT = "query=text_classification&queries_per_day=3&users=7&place=DEU"
BOARD = "en/boards/{series}/{task}/"
"""The page that the goals name."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """An address, and the words for it in a table."""

    title: str
    address: str


def pages_of(platform: LargePlatform) -> list[Page]:
    """Every page and download, each with something to show. Raises KeyError for a parameter that has no value here.

    Whole lists as streams are no pages: they are as long as the platform is large (benchmarks/data.py).
    """
    cell, series, named = named_cell(platform)
    other = Cell.objects.with_names().filter(dataset=cell.dataset).exclude(model=cell.model)[0]
    device = Result.objects.select_related("device__contributor").get(pk=platform.result_id).device
    values = {
        "cell_id": "~".join(map(str, cell.key.values)),
        "code": "JM-ABSENT",
        "leaf_index": str(
            Verdict.objects.filter(leaf__index__isnull=False).values_list("leaf__index", flat=True)[0]
        ),
        "result_id": platform.result_id,
        "group": "results",
        "schema_group": "results",
        "short_id": platform.result_id[:16],
        "series": series,
        "task": cell.dataset.task.slug,
        "path": "0/000",
        "export_form": "boamps",
        "form": "svg",
        "number": "1",
        "digest": platform.suite.digest,
        "part": f"cells.{series}.{cell.dataset.task.slug}",
        "pseudonym": device.contributor.pseudonym,
        "tag": device.tag[:16],
        "model": cell.model.slug,
        "hardware": cell.hardware_class.public_slug,
        "dataset": cell.dataset.slug,
        "suite": cell.suite.slug,
    }
    questions = {
        "api/v1/needed/": f"suite={platform.suite.digest}",
        "api/v1/log/rows/": "start=0&end=5",
        "api/v1/impact/": IMPACT,
        BOARD + "cell/": urlencode(named),
        BOARD + "cell/plot.{form}": urlencode(named),
        "en/compare/models/plot.{form}": f"model={named['model']}&model={other.model.slug}",
        "en/embed/boards/{series}/{task}/cell/": urlencode(named),
        "en/badges/{series}/{task}.svg": urlencode(named),
        "api/v1/exports/{export_form}/values/{series}/{task}": urlencode(named),
        "oembed/": urlencode({"url": f"{settings.ORIGIN}/en/boards/{series}/{cell.dataset.task.slug}/"}),
    }
    by_text = {
        route.text: route
        for route in routes()
        if "get" in route.methods and not route.text.startswith(NOT_ASKED)
    }  # routes that differ in a converter alone have one address here
    whole = {
        f"{text.removesuffix('.parquet')}.{each.name}"
        for text in by_text
        if text.endswith(".parquet")
        for each in FORMATS
    }
    pages = [
        Page(title="/" + text, address=_filled(route, values, questions.get(text, "")))
        for text, route in by_text.items()
        if text not in whole
    ]
    return [*pages, *_asked_further(values, named, platform)]


def named_cell(platform: LargePlatform) -> tuple[Cell, str, dict[str, str]]:
    """The first cell, its series, and the fields by which an address names it."""
    cell = Cell.objects.with_names().get(suite_id=platform.cells[0]["suite_id"], **_key(platform))
    named = {
        "dataset": cell.dataset.slug, "model": cell.model.slug, "hardware": cell.hardware_class.public_slug,
        "scope": cell.scope, "stratum": cell.stratum,
    }  # fmt: skip
    return cell, series_of_suite(cell.suite, cell.grade).slug, named


def _asked_further(values: dict[str, str], named: dict[str, str], platform: LargePlatform) -> Iterator[Page]:
    """Lists at another page or filtered, and a board as of a moment in the middle of its history."""
    middle = f"{platform.middle_of_history:%Y-%m-%dT%H:%M:%SZ}"
    person = "made-0"
    n_cells = Cell.objects.filter(dataset__task__slug=values["task"]).count()
    for where, question in (
        ("en/results/", "page=2"),
        ("en/results/", f"model={named['model']}"),
        ("en/results/", f"contributor={person}"),
        ("en/results/", "state=quarantined"),
        ("api/v1/results/", "page=2"),
        ("en/impact/", IMPACT),
        (BOARD, f"as_of={middle}"),
        ("en/tasks/{task}/", "sort=-least&page=2" if n_cells > ROWS_PER_PAGE else "sort=-least"),
        ("en/tasks/{task}/", f"q={named['model']}"),
        ("en/search/", f"q={named['model']}"),
    ):
        name = question if where in {"en/results/", "api/v1/results/"} else question.partition("=")[0] + "=…"
        yield Page(title=f"/{where}?{name}", address="/" + where.format(**values) + "?" + question)


def _filled(route: Route, values: dict[str, str], question: str) -> str:
    chosen = {**values, "series": "study-2024"} if route.text.startswith("en/published/") else values
    address = route.address({name: chosen[name] for name in route.parameters})
    return f"{address}?{question}" if question else address


def _key(platform: LargePlatform) -> dict[str, Any]:
    first = platform.cells[0]
    return {
        name: first[name] for name in ("dataset_id", "model_id", "hardware_class_id", "stratum")
    } | {"grade": "measured"}  # fmt: skip
