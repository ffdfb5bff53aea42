"""A task's table: what a query finds, in the same order and numbers on the page, in CSV, JSON, SVG and PNG."""

from __future__ import annotations

import csv
import io
import json
from itertools import product
from math import exp, hypot, log
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.db import transaction

from joulemark.impact.intensity import row_of
from measurements.answer_cache import middleware
from measurements.boards import board_table, table_rows
from measurements.boards.board_query import parse
from measurements.boards.board_table import BoardTable, TableRow, read_table
from measurements.boards.models import Cell, CellRevision
from measurements.boards.queries import read_rows
from measurements.boards.series import all_series
from measurements.catalog.models import AiModel, Task
from measurements.display.numbers import significant
from measurements.display.units import wh_per_1000
from measurements.downloads.table_serializers import TableRowSerializer
from tests.page_reading import read_page
from tests.web.task_rows import MODELS, WRITTEN_AT, populate_summarizers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker

pytestmark = pytest.mark.django_db
TASK = "summarization"
PAGE = f"/en/tasks/{TASK}/"
A100 = "nvidia-a100-sxm4-80gb"


@pytest.fixture(scope="module", autouse=True)
def summarizers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The rows of all tests here, written once and taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        populate_summarizers()
        yield
        transaction.set_rollback(True)


def table(text: str = "", **moment: Any) -> BoardTable:
    read = read_table(task_slug=TASK, query=parse(parse_qsl(text, keep_blank_values=True)), **moment)
    assert read is not None
    return read


def names(of: BoardTable) -> list[tuple[str, str, str]]:
    return [(line.row.series, line.row.model, line.row.hardware) for line in of.rows]


def every_row() -> list[Any]:
    task = Task.objects.get(slug=TASK)
    return [row for series in all_series() for row in read_rows(series, [task])]


def sorted_value(line: TableRow, column: str) -> Any:
    return {
        "energy": line.energy.value,
        "least": line.relative.value if line.relative else None,
        "quality": line.score["value"] if line.score else None,
        "model": line.row.model,
        "hardware": line.row.hardware,
        "dataset": line.row.dataset or None,
        "latency": line.latency_p50_s,
        "memory": line.peak_memory_bytes,
        "parameters": line.row.parameters,
        "licence": line.model.licence or None,
        "released": line.model.released_on,
        "results": line.row.n_results,
    }[column]


def test_the_table_has_every_row_of_every_series_and_orders_them_by_any_column() -> None:
    expected = sorted((r.series, r.model, r.hardware, r.dataset, r.stratum) for r in every_row())
    whole = table()
    found = [(x.row.series, x.row.model, x.row.hardware, x.row.dataset, x.row.stratum) for x in whole.rows]
    assert sorted(found) == expected
    assert whole.n_rows == len(expected)
    grades = [line.row.grade for line in whole.rows]
    assert grades == sorted(grades, key=["measured", "estimated", "published"].index)
    columns = (
        "energy",
        "least",
        "model",
        "hardware",
        "dataset",
        "latency",
        "memory",
        "parameters",
        "licence",
    )
    for column, sign in product((*columns, "released", "results", "quality"), ("", "-")):
        ordered = table(f"sort={sign}{column}&metric=rouge-1")
        values = [sorted_value(line, column) for line in ordered.rows]
        known = [value for value in values if value is not None]
        assert values[: len(known)] == known, f"{column}: what is not known is last"
        if column not in (
            "model",
            "hardware",
            "dataset",
            "licence",
        ):  # words sort as the database compares them
            assert known == sorted(known, reverse=bool(sign)), column
        assert len(values) == whole.n_rows


def rouge_1(line: TableRow) -> float:
    """A row's ROUGE-1, -1 where it has none."""
    return float(next((s["value"] for s in line.row.quality if s["metric"] == "rouge-1"), -1))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("series=demo-1-measured", lambda x: x.row.series == "demo-1-measured"),
        ("series=study-2024", lambda x: x.row.grade == "published"),
        ("dataset=demo-texts", lambda x: x.row.dataset == "demo-texts"),
        (f"hardware={A100}", lambda x: x.row.hardware == A100),
        ("kind=general-purpose", lambda x: x.row.kind == "general-purpose"),
        ("owner=acme", lambda x: x.model.owner == "acme"),
        ("family=bart", lambda x: x.model.family == "bart"),
        ("licence=apache-2.0", lambda x: x.model.licence == "apache-2.0"),
        ("grade=estimated", lambda x: x.row.grade == "estimated"),
        ("scope=gpu", lambda x: x.row.scope == "gpu"),
        ("tier=single-source", lambda x: x.row.tier == "single source"),
        ("tier=published", lambda x: x.row.grade == "published"),
        ("min_parameters=1B", lambda x: (x.row.parameters or 0) >= 10**9),
        ("max_parameters=220M", lambda x: x.row.parameters is not None and x.row.parameters <= 220 * 10**6),
        ("max_card_gb=24", lambda x: (x.hardware.memory_bytes or 10**15) <= 24 * 10**9),
        ("max_memory_gb=7.1", lambda x: (x.peak_memory_bytes or 10**15) <= 71 * 10**8),
        ("max_latency_s=0.9", lambda x: (x.latency_p50_s or 99) <= 0.9),
        (
            "metric=rouge-1&min_quality=0.41",
            lambda x: rouge_1(x) >= 0.41,
        ),
        ("metric=rouge-1&min_quality=0.47", lambda _: False),
        ("q=CHAT", lambda x: "chat" in x.row.model),
        ("q=a100+open", lambda x: x.row.hardware == A100 and x.row.model.startswith("open")),
    ],
)
def test_a_filter_keeps_the_rows_that_fit_and_no_others(text: str, fits: Callable[[TableRow], bool]) -> None:
    expected = [line.row for line in table().rows if fits(line)]
    assert [line.row for line in table(text).rows] == expected
    assert table(text).n_rows == len(expected)
    assert expected or "0.47" in text


def test_ratios_are_to_the_least_of_what_was_found_under_the_same_conditions() -> None:
    lines = {(x.row.model, x.row.hardware): x for x in table("series=demo-1-measured").rows}
    for card, model in product((A100, "nvidia-l4"), MODELS[1:4]):
        least, other = lines["tiny-sum", card], lines[model.slug, card]
        assert least.relative is not None
        assert (least.relative.value, least.relative.low, least.relative.no_interval) == (
            1.0,
            None,
            "is-least",
        )
        ratio = other.relative
        assert ratio is not None
        assert ratio.low is not None
        assert ratio.high is not None
        assert ratio.value == pytest.approx(model.energy_j / 0.5)
        half_width = hypot(log(1.04), log(1.04))
        assert (ratio.low, ratio.high) == pytest.approx(
            (ratio.value * exp(-half_width), ratio.value * exp(half_width))
        )
    found = table("owner=bigco&series=demo-1-measured").rows
    least_of_card: dict[str, float] = {}
    for x in found:
        least_of_card.setdefault(
            x.row.hardware, x.row.energy_per_query_j
        )  # rows of one card: the least first
    for x in found:
        assert x.relative is not None
        assert x.relative.value == pytest.approx(x.row.energy_per_query_j / least_of_card[x.row.hardware])
    for line in table("grade=published").rows:
        assert line.relative is not None
        assert (line.relative.low, bool(line.relative.no_interval)) == (None, True)


def test_a_unit_converts_every_number_of_a_row() -> None:
    joules, watt_hours, grams = (
        {(x.row.model, x.row.hardware): x.energy for x in table(f"grade=measured&unit={unit}").rows}
        for unit in ("j", "wh", "gco2e&region=DEU&year=2024")
    )
    for key, energy in joules.items():
        assert energy.value is not None
        assert energy.low is not None
        assert watt_hours[key].value == pytest.approx(wh_per_1000(energy.value))
        assert watt_hours[key].low == pytest.approx(wh_per_1000(energy.low))
        per_kwh = row_of("DEU", 2024).gco2e_per_kwh
        assert grams[key].value == pytest.approx(wh_per_1000(energy.value) / 1000 * per_kwh)
    for unit in ("output-token", "input-token", "token", "right-answer"):
        for line in table(f"unit=j-{unit}&sort=energy").rows:
            (of_unit,) = (e for e in line.row.unit_energies if e["unit"] == unit)
            assert (line.energy.value, line.energy.low) == (of_unit["value_j"], of_unit["low_j"])
            assert (line.energy.value is None) == bool(line.energy.no_value)
    assert all(x.energy.value for x in table("unit=j-output-token&grade=measured").rows)


def test_page_and_files_have_the_same_rows_and_say_what_they_are(client: Client) -> None:
    for text in (
        "",
        "series=demo-1-measured&sort=-energy",
        "kind=general-purpose&unit=j",
        "q=chat&sort=energy",
    ):
        expected = table(text)
        page = client.get(f"{PAGE}?{text}" if text else PAGE)
        assert page.status_code == 200
        html = page.content.decode()
        answer = client.get(f"/api/v1/tasks/{TASK}.json?{text}").json()
        lines = list(
            csv.DictReader(io.StringIO(client.get(f"/api/v1/tasks/{TASK}.csv?{text}").content.decode()))
        )
        drawing = client.get(f"/en/tasks/{TASK}.svg?{text}").content.decode()
        rows = read_page(html).root.first("tbody").all("tr")
        assert len(rows) == len(answer["rows"]) == len(lines) == len(expected.rows)
        for row, data, line, of in zip(rows, answer["rows"], lines, expected.rows, strict=True):
            assert of.energy.value is not None
            assert data["energy"] == float(line["energy"]) == of.energy.value
            assert significant(of.energy.value) in row.text
            assert significant(of.energy.value) in drawing
            assert (data["grade"], data["scope"], data["version"]) == (
                of.row.grade,
                of.row.scope,
                of.row.version,
            )
            assert (line["grade"], line["scope"], line["version"], line["unit"]) == (
                of.row.grade, of.row.scope, str(of.row.version), of_unit(text),
            )  # fmt: skip
            assert data["times_least"] == (of.relative.value if of.relative else None)
        assert answer["versions"] == expected.versions
        assert set(answer["licences"]) == {x.row.series for x in expected.rows}
        for slug, version in expected.versions.items():
            assert f"{slug}, {version}" in drawing
            assert f"version {version} of {slug}" in " ".join(html.split())
        assert f"/tasks/{TASK}/" in answer["page_url"]
        assert "Source: http" in drawing
    assert list(answer["rows"][0]) == list(TableRowSerializer().fields)
    picture = client.get(f"/en/tasks/{TASK}.png?series=demo-1-measured")
    assert (picture.headers["Content-Type"], picture.content[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")


def of_unit(text: str) -> str:
    return parse(parse_qsl(text)).unit


def test_as_of_shows_what_stood_then_and_every_link_and_file_keeps_it(client: Client) -> None:
    before = table("series=demo-1-measured", at=WRITTEN_AT)
    assert [x.row.energy_per_query_j for x in before.rows] == [
        x.row.energy_per_query_j for x in table("series=demo-1-measured").rows
    ]
    revision = CellRevision.objects.filter(model__slug="tiny-sum", hardware_class__slug=A100).get()
    revision.pk, revision.version, revision.updated_at = None, 99, WRITTEN_AT.replace(year=2027)
    revision.energy_per_query_j *= 1.01
    revision.save()
    again = table("series=demo-1-measured", at=WRITTEN_AT)
    assert [x.energy for x in again.rows] == [x.energy for x in before.rows]
    later = table("series=demo-1-measured", at=revision.updated_at)
    assert later.versions == {"demo-1-measured": 99}
    assert [x.energy for x in later.rows] != [x.energy for x in before.rows]
    moment = urlencode({"as_of": WRITTEN_AT.isoformat()})
    page = client.get(f"{PAGE}?series=demo-1-measured&{moment}")
    assert page.status_code == 200
    main = read_page(page.content.decode()).root.first("main")
    links = [
        a.attributes["href"] for a in main.first("thead").all("a") if "/method/" not in a.attributes["href"]
    ]
    links += [a.attributes["href"] for a in main.first("p", "downloads").all("a")]
    assert len(links) > 10
    assert all("as_of=" in link for link in links)
    hidden = {i.attributes["value"] for i in main.all("input") if i.attributes["name"] == "as_of"}
    assert hidden == {WRITTEN_AT.isoformat()}
    rows = client.get(f"/api/v1/tasks/{TASK}.json?series=demo-1-measured&{moment}").json()
    assert {row["as_of"] for row in rows["rows"]} == {"2026-05-04T10:00:00Z"}
    assert "As of: 2026-05-04 10:00:00 UTC" in client.get(f"/en/tasks/{TASK}.svg?{moment}").content.decode()


def test_another_spelling_leads_to_the_address_and_only_common_queries_are_kept(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = client.get(f"{PAGE}?unit=wh&kind=&sort=energy&q=&page=1")
    assert (asked.status_code, asked.headers["Location"]) == (302, f"{PAGE}?sort=energy")

    def store(*_: Any, **__: Any) -> None:
        raise AssertionError("it is kept")

    monkeypatch.setattr(middleware, "store", store)
    for address in (
        f"{PAGE}?q=chat",
        f"/en/tasks/{TASK}.svg?unit=wh",
        f"/api/v1/tasks/{TASK}.json?max_card_gb=24",
    ):
        assert client.get(address).status_code == 200
    for address in (
        f"{PAGE}?sort=energy",
        f"/en/tasks/{TASK}.svg",
        f"/api/v1/tasks/{TASK}.json?kind=general-purpose",
    ):
        with pytest.raises(AssertionError, match="it is kept"):
            client.get(address)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("colour=red", "JM-QUERY-PARAMETER", "Leave it out"),
        ("series=nothing", "JM-QUERY-VALUE", "demo-1-measured"),
        ("hardware=nothing", "JM-QUERY-VALUE", "nvidia-a100-sxm4-80gb"),
        ("metric=bleu", "JM-QUERY-VALUE", "rouge-1"),
        ("page=9", "JM-QUERY-VALUE", "the last is"),
    ],
)
def test_what_is_not_there_is_refused_in_words_in_every_format(
    client: Client, text: str, code: str, words: str
) -> None:
    page = client.get(f"{PAGE}?{text}")
    assert page.status_code == 400
    assert code in page.content.decode()
    assert words in page.content.decode()
    for name in (f"/api/v1/tasks/{TASK}.json", f"/api/v1/tasks/{TASK}.csv"):
        answer = client.get(f"{name}?{text}")
        assert (answer.status_code, json.loads(answer.content)["code"]) == (400, code)
    assert client.get(f"/en/tasks/{TASK}.png?{text}").status_code == 400
    assert client.get("/en/tasks/no-such-task/").status_code == 404


def test_a_task_that_nobody_has_measured_has_a_page_that_says_so(client: Client) -> None:
    """Suites name tasks before there is a result: data sets and models link to them."""
    Task.objects.create(slug="unmeasured", title="Text embedding", modality="text > vector")
    for language, word in (("en", "Nothing has been accepted"), ("ru", "пока ничего не принято")):
        page = client.get(f"/{language}/tasks/unmeasured/")
        assert page.status_code == 200
        assert word in page.content.decode()
    assert client.get("/api/v1/tasks/unmeasured.csv").status_code == 404
    assert client.get("/en/tasks/unmeasured/?as_of=2020-01-01").status_code == 404


def test_a_page_reads_a_bounded_number_of_queries_and_each_row_is_on_one(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (board_table, table_rows):
        monkeypatch.setattr(module, "ROWS_PER_PAGE", 7)
    client.get(PAGE)  # the catalogue is read once by a process
    with django_assert_max_num_queries(12):
        assert client.get(f"{PAGE}?sort=energy").status_code == 200
    n_pages = table("sort=energy").n_pages
    assert n_pages > 3
    whole = [
        line.row for number in range(1, n_pages + 1) for line in table(f"sort=energy&page={number}").rows
    ]
    assert len(whole) == len(every_row())
    assert len({(r.series, r.model, r.hardware, r.dataset, r.stratum) for r in whole}) == len(whole)
    energies = [row.energy_per_query_j for row in whole]
    assert energies == sorted(energies)
    assert Cell.objects.count() < len(whole)


def test_hostile_names_are_harmless_in_every_format(client: Client) -> None:
    hostile = '<script>alert("x")</script>\u202e=1+1\x0b'
    AiModel.objects.filter(slug="tiny-sum").update(title=hostile, owner="=cmd|x")
    page = client.get(PAGE).content.decode()
    drawing = client.get(f"/en/tasks/{TASK}.svg").content.decode()
    assert "<script>alert" not in page
    assert "<script>alert" not in drawing
    assert "\x0b" not in drawing
    assert "'=cmd|x" in client.get(f"/api/v1/tasks/{TASK}.csv").content.decode()
    assert client.get(f"/en/tasks/{TASK}.png").content[:4] == b"\x89PNG"
