"""With a hundred thousand results no page, list or health check reads a large table from end to end.

A plan may scan a table in its own order and stop early: what counts is how many rows were read. Rows are copies of real
ones, made in SQL as `benchmarks/cells.py` does; every query of each address is explained.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import urlencode

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import F, Model
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from pytest_django import DjangoDbBlocker, Settings

from joulemark.rules.judge import RULES_VERSION
from joulemark_simulation.result_rows import GENERAL
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task
from measurements.contributors.models import Contributor, Key
from measurements.intake.models import State, Submission
from measurements.ledger import key_file
from measurements.ledger.models import Leaf
from measurements.review.health import COUNTED_ROWS as HEALTH_ROWS
from measurements.review.models import Agreement, Result, Verdict
from measurements.web.bounded_pages import COUNTED_ROWS
from tests.client_response import body_of
from tests.web.populated import Values, populate
from tests.web.resource_questions import questions
from tests.web.test_caching import addresses

pytestmark = [pytest.mark.django_db, pytest.mark.long, pytest.mark.timeout(900)]

Row = TypeVar("Row", bound=Model)
RESULTS = 100_000
MOST_ROWS = 2 * HEALTH_ROWS
"""Rows that a query may read of one large table: a bounded count, and what is left out of it."""
LARGE = {model._meta.db_table for model in (Submission, Result, Verdict, Agreement, Leaf)}
WHOLE = {"/needed/", "/api/v1/needed/"}
"""Counts all results of a suite, by job; nothing is kept of that yet."""
STATE = """CASE WHEN i % 1000 = 0 THEN 'received' WHEN i % 50 = 1 THEN 'quarantined' WHEN i % 30 = 2 THEN 'rejected'
ELSE 'accepted' END"""
NAME = "lpad(to_hex(i + 4096), 64, '0')"
RECEIVED = "date_trunc('day', now()) - i * interval '1 minute'"
RETIRED = "retired"
"""What the oldest twentieth of all results have, and none since: many rows, and far from the latest."""
RECENT = "recent"
"""What the latest twentieth have, and none before."""


def copy_rows(model: type[Model], own: dict[str, str], *, where: str = "true") -> None:
    """Copy a row of this table for each number `i`; `own` are its own values, in SQL."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.fields if field.column is not None]
    chosen = ", ".join(own.get(name, f't."{name}"') for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {chosen} FROM generate_series(1, {RESULTS}) AS i "  # noqa: S608 - names of our own
            f"CROSS JOIN (SELECT * FROM {table} ORDER BY 1 LIMIT 1) t WHERE {where}"
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Settings that say where the files of this module's platform are."""
    path = tmp_path_factory.mktemp("scale")
    key_file.make(path / "log-key.pem")
    storages = {
        **django_settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    return {
        "PLATFORM_KEY_FILE": path / "platform-key.pem",
        "LOG_DIR": path / "log",
        "LOG_KEY_FILE": path / "log-key.pem",
        "STATIC_ROOT": path,
        "STORAGES": storages,
    }


@pytest.fixture(autouse=True)
def platform_folder(settings: Settings, folder: dict[str, object]) -> None:
    """One platform for all tests here, and one folder."""
    for name, value in folder.items():
        setattr(settings, name, value)


@pytest.fixture(scope="module")
def platform(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, folder: dict[str, object]
) -> Iterator[Values]:
    """A platform with so many results, in a database of its own; the values of its addresses."""
    with django_db_blocker.unblock():
        empty = connection.settings_dict["NAME"]
        own = f"{empty}_scale"
        connection.close()
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{own}" TEMPLATE "{empty}"')
        connection.settings_dict["NAME"] = own
        try:
            with override_settings(**folder):
                values = populate()
            fill()
            yield values
        finally:
            connection.close()
            connection.settings_dict["NAME"] = empty
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{own}" WITH (FORCE)')


def fill() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # rows are consistent as they are made
        for number, kind in enumerate(("result-received", "verdict")):
            place = f"{1_000_000 * (number + 1)} + i"
            copy_rows(
                Leaf,
                {"id": place, "index": place, "kind": f"'{kind}'", "subject": NAME, "leaf_hash": NAME},
            )
        copy_rows(
            Submission,
            {
                "result_id": NAME,
                "trace_sha256": NAME,
                "bundle": "''::bytea",
                "receipt": "''::bytea",
                "leaf_id": "1000000 + i",
                "ticket_id": "NULL",
                "received_at": RECEIVED,
                "state": STATE,
            },
        )
        spread = {
            f"{name}_id": f"(ARRAY(SELECT id FROM {table} ORDER BY id))[1 + i % (SELECT count(*) FROM {table})]"  # noqa: S608 - names of our own
            for name, table in (
                ("model", "catalog_aimodel"),
                ("dataset", "catalog_dataset"),
                ("task", "catalog_task"),
                ("hardware_class", "catalog_hardwareclass"),
                ("contributor", "contributors_contributor"),
            )
        }
        first = Result.objects.earliest("pk")
        Agreement.objects.create(result=first, contributor=first.contributor)
        counts = f"{STATE} IN ('accepted', 'quarantined')"
        copy_rows(
            Result,
            {
                "submission_id": NAME,
                "received_at": RECEIVED,
                "stratum": "'stratum ' || i / 40",
                "times_sha256": NAME,
                **spread,
            },
            where=counts,
        )
        copy_rows(Agreement, {"result_id": NAME, "wants_replication": "i % 50 = 0"}, where=counts)
        copy_rows(
            Verdict,
            {"id": "1000000 + i", "submission_id": NAME, "leaf_id": "2000000 + i", "state": STATE},
            where=f"{STATE} <> 'received'",
        )
        cursor.execute(
            "ANALYZE"
        )  # for the updates: without figures the planner may join row by row, for hours
        day = "date_trunc('day', now()) - {} * interval '1 minute'".format
        give_own(cursor, RETIRED, f"received_at < {day(RESULTS * 19 // 20)}")
        give_own(cursor, RECENT, f"received_at BETWEEN {day(RESULTS // 20)} AND {day(0)}")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM (ANALYZE)")


def give_own(cursor: CursorWrapper, word: str, where: str) -> None:
    """Let some results, and no others, be of a suite, a job, hardware and a contributor; the retired are measured."""
    digest = hashlib.sha256(word.encode()).hexdigest()
    suite = copied(Suite, name=word, version=word, digest=digest)
    task = copied(Task, slug=word)
    dataset = copied(DataSet, slug=word, task=task)
    model = copied(AiModel, slug=word)
    hardware = copied(HardwareClass, slug=word, code=word)
    contributor = copied(Contributor, pseudonym=word, name_key=None)
    key = copied(Key, key_id=digest, public_key=digest, contributor=contributor)
    cursor.execute(f"UPDATE intake_submission SET key_id = %s WHERE {where}", [key.pk])  # noqa: S608 - our own words
    cursor.execute(
        "UPDATE review_result SET suite_id = %s, task_id = %s, dataset_id = %s, model_id = %s, "  # noqa: S608
        f"hardware_class_id = %s, contributor_id = %s, scope = %s, stratum = %s WHERE {where}",
        [suite.pk, task.pk, dataset.pk, model.pk, hardware.pk, contributor.pk, word, word],
    )
    if word == RETIRED:
        cursor.execute(f"UPDATE review_result SET grade = 'measured' WHERE {where}")  # noqa: S608 - the same
    cursor.execute(
        "UPDATE review_verdict SET rules_version = %s WHERE submission_id IN "  # noqa: S608 - the same
        f"(SELECT result_id FROM intake_submission WHERE {where})",
        [word],
    )


def copied(model: type[Row], **own: object) -> Row:
    """A further row of a table, as its first but for `own`."""
    row = model._default_manager.order_by("pk")[0]
    row._state.adding = True
    row.pk = None
    for name, value in own.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """(kind, table, rows read) of every scan in a plan."""
    if "Relation Name" in plan:
        read = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        if plan["Actual Loops"]:
            yield plan["Node Type"], plan["Relation Name"], read * plan["Actual Loops"]
    for below in plan.get("Plans", ()):
        yield from scans(below)


def wrong_scans(address: str) -> list[str]:
    """What an address reads of large tables that it should not, as sentences."""
    with CaptureQueriesContext(connection) as captured:
        body_of(Client().get(address))
    found = []
    for query in captured.captured_queries:
        sql = query["sql"]
        if not re.match(r"(SELECT|WITH)\b", sql.strip()) or not any(table in sql for table in LARGE):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}")
            row = cursor.fetchone()[0]
        plan = row if isinstance(row, list) else json.loads(row)
        found += [
            f"{address}: {kind} reads {rows:.0f} rows of {table}: {sql}"
            for kind, table, rows in scans(plan[0]["Plan"])
            if table in LARGE and rows > MOST_ROWS
        ]
    return found


def lists(values: Values) -> Iterator[str]:
    """The lists of results, by every filter and at any page."""
    told = Result.objects.select_related("suite", "task", "dataset", "model", "hardware_class").earliest("pk")
    filters = {
        "suite": told.suite.name,
        "version": told.suite.version,
        "task": told.task.slug,
        "dataset": told.dataset.slug,
        "model": GENERAL,
        "hardware": told.hardware_class.code,
        "scope": told.scope,
        "stratum": "stratum 7",
        "grade": told.grade,
        "contributor": Contributor.objects.earliest("pk").pseudonym,
    }
    asked = [
        {},
        *({name: value} for name, value in filters.items()),
        *({"state": state} for state in State.values),
    ]
    asked += [
        {"model": "none"},
        {"contributor": "none"},
        {"hardware": "none"},
        {"scope": "none"},
        {"stratum": "none"},
        {"task": told.task.slug, "model": "none"},
    ]
    asked += [
        {name: "measured" if name == "grade" else word} for word in (RETIRED, RECENT) for name in filters
    ]
    asked += [{"model": RETIRED, "page": "2"}, {"model": RETIRED, "hardware": RETIRED, "state": "accepted"}]
    asked += [{"page": str(page)} for page in (2, 150, 99_999)]
    asked += [{"state": "accepted", "page": "100"}]
    for where in ("/results/", "/api/v1/results/"):
        for question in asked:
            yield f"{where}?{urlencode(question)}"
    words: dict[str, list[str]] = {name: [value, RETIRED, RECENT, "none"] for name, value in filters.items()}
    late = Leaf.objects.order_by("-pk")[0]
    words |= {
        "suite_version": words["version"],
        "rules_version": [RULES_VERSION, RETIRED, RECENT, "none"],
        "result_id": [told.pk, late.subject, "none"],
        "subject": [told.pk, late.subject, "none"],
        "from_index": ["0", str(RESULTS), str(late.index), "999999999"],
        "series": [f"{told.suite.name}-{told.suite.version}-{told.grade}", "none-1-measured"],
        "owner": ["nobody"],
        "family": ["none"],
        "licence": ["none"],
        "model_licence": ["none"],
        "architecture": ["none"],
        "metric": ["accuracy"],
        **{f"{end}_parameters": ["1000000"] for end in ("min", "max")},
        **{most: ["0.5"] for most in ("min_quality", "max_memory_gb", "max_card_gb", "max_latency_s")},
        "code": ["DEU", "none"],
        "year": ["2024"],
        "board": ["none"],
        "claim": ["none"],
        "unit": ["none"],
        "q": ["none"],
    }
    yield from questions(values, words)


def test_no_page_reads_a_table_from_end_to_end(platform: Values) -> None:
    every = [address for address in addresses(platform) if address.split("?")[0] not in WHOLE]
    wrong = [fault for address in every for fault in wrong_scans(address)]
    assert not wrong, "\n".join(wrong)


def test_no_list_reads_a_table_from_end_to_end(platform: Values) -> None:
    wrong = [fault for address in lists(platform) for fault in wrong_scans(address)]
    assert not wrong, "\n".join(wrong)


def test_a_list_is_in_one_order_whatever_it_is_narrowed_by(platform: Values) -> None:
    """The time in the results' own table is that of their submissions, so that both orders are one."""
    wrong = Result.objects.exclude(received_at=F("submission__received_at"))
    assert wrong.count() == 0
    for question in ({"model": RETIRED}, {"scope": RETIRED, "state": "accepted"}, {"contributor": RETIRED}):
        fields = {
            "model": "result__model__slug",
            "scope": "result__scope",
            "contributor": "key__contributor__pseudonym",
        }
        chosen = {fields.get(name, name): value for name, value in question.items()}
        order = Submission.objects.filter(**chosen).order_by("-received_at", "result_id")
        answer = Client().get(f"/api/v1/results/?{urlencode({**question, 'page': '2'})}").json()
        assert [row["result_id"] for row in answer["results"]] == [row.pk for row in order[100:200]], question


def test_any_page_is_there_by_its_number(platform: Values) -> None:
    order = list(Submission.objects.order_by("-received_at", "result_id").values_list("pk", flat=True))
    for page in (1, 2, 999, len(order) // 100 + 1):
        answer = Client().get(f"/api/v1/results/?page={page}").json()
        assert [row["result_id"] for row in answer["results"]] == order[(page - 1) * 100 : page * 100]
        assert answer["count"] == COUNTED_ROWS
        assert (answer["next"] is None) == (page * 100 >= len(order))
        assert (answer["previous"] is None) == (page == 1)
    assert Client().get("/api/v1/results/?page=99999").status_code == 404
    rejected = Submission.objects.filter(state=State.REJECTED)
    answer = Client().get("/api/v1/results/?state=rejected").json()
    assert answer["count"] == COUNTED_ROWS < rejected.count()
    received = Submission.objects.filter(state=State.RECEIVED)
    answer = Client().get("/api/v1/results/?state=received").json()
    assert answer["count"] == received.count() < COUNTED_ROWS
    html = Client().get("/en/results/?page=400").content.decode()
    assert "<li>Page 400</li>" in html
    assert order[399 * 50][:12] in html


def test_health_counts_so_far_and_no_further(platform: Values) -> None:
    waiting = Client().get("/api/v1/health").json()["waiting"]
    received = Submission.objects.filter(state=State.RECEIVED)
    assert waiting["verdict"]["count"] == received.count() < COUNTED_ROWS
    assert waiting["checkpoint"]["count"] == HEALTH_ROWS
    oldest = received.order_by("received_at").values_list("received_at", flat=True)[0]
    assert waiting["verdict"]["oldest_s"] > 60 * (RESULTS - 2000), oldest
