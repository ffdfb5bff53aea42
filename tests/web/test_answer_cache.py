"""Answers by the versions of their tables: nothing is computed twice, and nothing that has changed is sent again."""

from __future__ import annotations

import gzip
import hashlib
import logging
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve
from pytest_django import Settings

from joulemark_simulation.result_rows import GENERAL
from measurements.answer_cache.sources import CHANGES, declaration_of, versioned_tables
from measurements.answer_cache.table_triggers import (
    TRIGGER,
    VERSIONS,
    _replace,
    install_triggers,
    tables_without_trigger,
)
from measurements.answer_cache.table_versions import fold_versions, read_versions
from measurements.boards.job_models import JobViews
from measurements.boards.page_views import VIEWED
from measurements.catalog.models import AiModel, Task
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.services import append_leaf
from measurements.summaries.models import PowerCurve
from tests.client_response import ClientResponse
from tests.web.populated import Values, populate
from tests.web.test_caching import addresses

ROOT = Path(__file__).parents[2]
BOARD = "/en/boards/demo-1-estimated/text_classification/"


@pytest.fixture
def values(db: None) -> Values:
    """Something at every address."""
    return populate()


def declared(values: Values) -> list[str]:
    """Every address whose view says what it is made of."""
    found = [address for address in addresses(values) if declaration_of(resolve(address.split("?")[0]).func)]
    assert len(found) > 20
    return found


def kept(values: Values) -> list[str]:
    """Those of them whose answers are kept: not whole lists, which are streamed."""
    return [address for address in declared(values) if not is_stream(address.split("?")[0])]


def is_stream(path: str) -> bool:
    """Whether a whole list is sent from here: it is there in every form."""
    try:
        resolve(f"{path.rpartition('.')[0]}.parquet")
    except Resolver404:
        return False
    return True


def statements(ask: Callable[[], ClientResponse]) -> tuple[ClientResponse, list[str]]:
    """An answer, and the statements that it took."""
    with CaptureQueriesContext(connection) as captured:
        answer = ask()
    return answer, [query["sql"] for query in captured.captured_queries]


@pytest.mark.laws
def test_every_page_declares_each_table_that_it_reads(
    client: Client, values: Values, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="measurements.answer_cache"):
        for address in declared(values):
            for language in ("en", "ru"):
                client.get(address, headers={"Accept-Language": language})
    assert [record.message for record in caplog.records if "JM-" in record.message] == []


def test_every_page_declares_what_it_is_made_of_unless_it_changes_with_the_clock(values: Values) -> None:
    silent = {
        address.split("?")[0]
        for address in addresses(values)
        if not declaration_of(resolve(address.split("?")[0]).func)
    }
    pages = {address for address in silent if not address.startswith(("/api/", "/log/", "/r/", "/releases/"))}
    redirects = {address for address in pages if Client().get(address).status_code in (301, 302)}
    assert pages - redirects == {"/livez", "/readyz", "/metrics", "/doctor/reflection"}


@pytest.mark.laws
def test_what_has_not_changed_costs_one_statement(client: Client, values: Values) -> None:
    for address in kept(values):
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            first = client.get(address, headers=headers)
            if first.status_code != 200:
                continue
            again, asked = statements(partial(client.get, address, headers=headers))
            assert (again.content, again.headers.items()) == (first.content, first.headers.items()), address
            assert len(asked) <= 1, (address, asked)
            known = {**headers, "If-None-Match": first["ETag"]}
            same, asked = statements(partial(client.get, address, headers=known))
            assert (same.status_code, same.content) == (304, b""), address
            assert len(asked) <= 1, (address, asked)
            for name in ("ETag", "Vary", "Cache-Control"):
                assert {*same[name].split(", ")} == {*first[name].split(", ")}, (address, name)
            assert client.head(address, headers=headers)["ETag"] == first["ETag"], address


@pytest.mark.laws
def test_every_table_of_a_source_counts_every_way_of_writing(values: Values) -> None:
    assert tables_without_trigger(connection) == []
    for table in versioned_tables():
        before = read_versions()
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{table}" WHERE false')  # noqa: S608 - a name of our own
        after = read_versions()
        assert before is not None
        assert after is not None
        assert {name for name in after if after[name] != before.get(name)} == {table}


@pytest.mark.laws
def test_what_is_new_in_a_referenced_table_changes_no_answer(client: Client, values: Values) -> None:
    """Its inserts are not counted: nothing but the row that it was written with leads to it."""
    referenced = [table for table, changes in versioned_tables().items() if "INSERT" not in changes]
    assert referenced == [Leaf._meta.db_table, PowerCurve._meta.db_table]
    addresses = kept(values)
    before = {address: client.get(address).content for address in addresses}
    versions = read_versions()
    for kind in LeafKind:
        append_leaf(kind=kind, subject=hashlib.sha256(kind.encode()).hexdigest(), facts={})
    assert read_versions() == versions
    for table in versioned_tables():  # so that everything is computed once more
        with connection.cursor() as cursor:
            cursor.execute(f'DELETE FROM "{table}" WHERE false')  # noqa: S608 - a name of our own
    for address in addresses:
        assert client.get(address).content == before[address], address
    Leaf.objects.waiting().update(index=F("id") + 1000)
    assert read_versions() != versions, "a place in the log is a change"


def test_a_table_that_counts_too_much_is_put_right(values: Values) -> None:
    """A platform from before has a trigger on every insert of a leaf."""
    table = Leaf._meta.db_table
    with connection.cursor() as cursor:
        names = {"schema": "public", "trigger": TRIGGER, "table": table, "versions": VERSIONS}
        _replace(cursor, connection.vendor, names, CHANGES)
    assert tables_without_trigger(connection) == [], "too much is not too little"
    versions = read_versions()
    append_leaf(kind=LeafKind.RUN_STARTED, subject="0" * 64, facts={})
    assert read_versions() != versions
    install_triggers(connection)
    versions = read_versions()
    append_leaf(kind=LeafKind.RUN_STARTED, subject="1" * 64, facts={})
    assert read_versions() == versions
    with connection.cursor() as cursor:
        _replace(cursor, connection.vendor, names, ("DELETE",))
    assert tables_without_trigger(connection) == [table]
    install_triggers(connection)
    assert tables_without_trigger(connection) == []


def test_a_transaction_counts_each_change_and_writes_once(values: Values) -> None:
    def written() -> object:
        with connection.cursor() as cursor:
            cursor.execute("SELECT version FROM answer_cache_tableversion WHERE table_name = 'catalog_task'")
            return cursor.fetchall()

    versions, rows = [read_versions()], [written()]
    for _ in range(3):
        Task.objects.update(title="Another title")
        versions.append(read_versions())
        rows.append(written())
    told = [version["catalog_task"] for version in versions if version]
    assert len(set(told)) == 4
    assert rows[0] == rows[3], "the transaction of this test has written already, when tasks were made"
    savepoint = transaction.savepoint()
    Task.objects.update(title="A third title")
    assert read_versions() != versions[-1]
    transaction.savepoint_rollback(savepoint)
    assert read_versions() == versions[-1], "what was undone has never been"


def test_each_transaction_writes_a_higher_version(committed: None) -> None:
    told: list[Decimal] = []
    for _ in range(3):
        Task.objects.create(slug=f"t{len(told)}", title="T", modality="text")
        with connection.cursor() as cursor:
            cursor.execute("SELECT version FROM answer_cache_tableversion WHERE table_name = 'catalog_task'")
            told += [version for (version,) in cursor.fetchall()]
    assert told == sorted(set(told))
    assert len(told) == 3


def test_writers_do_not_wait_for_each_other(committed: None) -> None:
    """Two transactions that have written one table, neither of which has ended."""
    other = connections.create_connection("default")
    try:
        with transaction.atomic():
            Task.objects.create(slug="a", title="A", modality="text")
            with other.cursor() as cursor:
                cursor.execute("SET lock_timeout = '1s'")
                cursor.execute("BEGIN")
                cursor.execute("UPDATE catalog_task SET title = 'B'")
                assert read_versions() is not None
                cursor.execute("COMMIT")
    finally:
        other.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM answer_cache_tableversion WHERE table_name = 'catalog_task'")
        assert cursor.fetchone() == (2,), "a row for each writer"


def test_a_tag_moves_with_language_question_and_coding(client: Client, values: Values) -> None:
    asked = [
        client.get("/results/"),
        client.get("/results/?page=1"),
        client.get("/results/", headers={"Accept-Language": "ru"}),
        client.get("/results/", headers={"Accept-Encoding": "gzip"}),
        client.get("/ru/results/", headers={"Accept-Encoding": "br, gzip;q=0.5"}),
    ]
    assert len({answer["ETag"] for answer in asked}) == 5
    assert all(not answer["ETag"].startswith("W/") for answer in asked)
    plain, packed = asked[0], asked[3]
    assert gzip.decompress(packed.content) == plain.content
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert len(packed.content) < len(plain.content) / 2
    by_accept = [
        client.get("/api/v1/boards/demo-1-estimated/text_classification/", headers={"Accept": accept})
        for accept in ("application/json", "text/csv")
    ]
    assert [answer["Content-Type"].split(";")[0] for answer in by_accept] == ["application/json", "text/csv"]
    assert by_accept[0]["ETag"] != by_accept[1]["ETag"]
    assert {"Accept", "Accept-Encoding"} <= set(by_accept[0]["Vary"].split(", "))


def test_an_answer_is_of_its_state_from_first_to_last(client: Client, values: Values) -> None:
    before = client.get(BOARD)
    AiModel.objects.filter(slug=GENERAL).update(title="Another title")
    after = client.get(BOARD, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert b"Another title" in after.content
    assert client.get(BOARD).content == after.content
    assert client.get(BOARD, headers={"If-None-Match": "*"}).status_code == 304
    assert client.get("/boards/none/none/", headers={"If-None-Match": "*"}).status_code == 404


def test_views_of_kept_pages_count(client: Client, values: Values) -> None:
    tag = client.get(BOARD)["ETag"]
    client.get(BOARD)
    client.get(BOARD, headers={"If-None-Match": tag})
    client.head(BOARD)
    VIEWED.write()
    assert {*JobViews.objects.filter(task="text_classification").values_list("views", flat=True)} == {3}


def test_no_answer_shows_a_setting_that_its_tag_leaves_out() -> None:
    rooms = ("pages", "downloads", "impact", "boards", "display", "published", "catalog", "web")
    named = {
        name
        for room in rooms
        for path in (ROOT / "measurements" / room).rglob("*.py")
        for name in re.findall(r"\bsettings\.([A-Z_]+)", path.read_text())
    }
    limits = {"STREAMS", "STREAM_LIMIT_S", "STREAM_SILENCE_S"}
    code = {"ROOT"}  # where it lies; what it says has a digest of its own
    assert named - {"LANGUAGES", "LANGUAGE_CODE", *limits, *code} == {"ORIGIN", "SUITES"}, (
        "settings_shown() of answer_cache.software_digest has these"
    )


def test_the_origin_moves_the_tag(client: Client, values: Values, settings: Settings) -> None:
    tag = client.get("/")["ETag"]
    settings.ORIGIN = "https://energy.example"
    answer = client.get("/", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert b"https://energy.example" in answer.content


def test_folding_changes_no_version(values: Values) -> None:
    before = read_versions()
    assert before is not None
    with (
        connection.cursor() as cursor
    ):  # as if a server's process of before had written: no process has this number
        cursor.execute(
            "INSERT INTO answer_cache_tableversion (table_name, writer, version) VALUES "
            "('catalog_task', 2000000001, 5), ('catalog_task', 2000000002, 7), ('boards_cell', 2000000001, 11)"
        )
        more = read_versions()
        for _ in range(2):
            fold_versions()
        cursor.execute(
            "SELECT table_name, version FROM answer_cache_tableversion WHERE writer = 0 ORDER BY 1"
        )
        folded = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM answer_cache_tableversion WHERE writer > 2000000000")
        assert cursor.fetchone() == (0,)
    assert [(name, int(version)) for name, version in folded] == [("boards_cell", 11), ("catalog_task", 12)]
    assert read_versions() == more != before
