"""The figures: closed unless opened, in Prometheus' format, cheap, and nothing in them that is not known."""

from __future__ import annotations

import sys
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from joulemark_simulation.result_rows import Run, make_result
from measurements.intake.models import RefusalCount
from measurements.ledger import sequencer
from measurements.monitoring import dependencies, schema
from measurements.monitoring.models import WatchedFigure
from measurements.monitoring.periodic_runs import expect_runs
from measurements.monitoring.probe import Probe

pytestmark = pytest.mark.django_db
Settings = Any
TOKEN = "a-token-that-is-long-enough"  # noqa: S105 - of this test
HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def opened(settings: Settings) -> None:
    schema.forget()
    settings.METRICS_TOKEN = TOKEN


def scrape(client: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics", headers=HEADERS)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def value(samples: dict[Any, float], name: str, **labels: str) -> float | None:
    return samples.get((name, tuple(sorted(labels.items()))))


@pytest.mark.parametrize(
    ("headers", "peer"),
    [
        ({}, "127.0.0.1"),
        ({"Authorization": "Bearer "}, "127.0.0.1"),
        ({"Authorization": "Bearer guess"}, "10.1.2.3"),
        ({}, ""),
    ],
)
def test_without_a_setting_nobody_reads_them(client: Client, headers: dict[str, str], peer: str) -> None:
    answer = client.get("/metrics", headers=headers, REMOTE_ADDR=peer)
    assert (answer.status_code, b"joulemark_" in answer.content) == (404, False)


@pytest.mark.parametrize(
    ("headers", "peer", "status"),
    [
        ({}, "10.1.2.3", 200),
        ({}, "::ffff:10.1.2.3", 200),
        ({}, "2001:db8::5", 200),
        ({}, "192.0.2.1", 404),
        ({}, "", 404),
        ({"X-Forwarded-For": "10.1.2.3"}, "10.1.2.3", 404),
        ({"Forwarded": "for=10.1.2.3"}, "10.1.2.3", 404),
        ({"Authorization": f"Bearer {TOKEN}"}, "192.0.2.1", 200),
        ({"Authorization": f"Bearer {TOKEN}x"}, "10.1.2.3", 404),
        ({"Authorization": f"Basic {TOKEN}"}, "192.0.2.1", 404),
    ],
)
@pytest.mark.usefixtures("opened")
def test_networks_and_the_token_open_them(
    client: Client, settings: Settings, headers: dict[str, str], peer: str, status: int
) -> None:
    settings.METRICS_NETWORKS = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]
    settings.PROXIES = 1
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=peer).status_code == status


@pytest.mark.usefixtures("opened", "catalogue")
def test_the_figures_are_those_of_health_and_of_the_watch(client: Client, settings: Settings) -> None:
    make_result(Run(by="ada", state="quarantined"))
    sequencer.sequence()
    expect_runs()
    RefusalCount.objects.create(day="2026-01-01", code="JM-RATE", count=30)
    for name, label, number in (
        ("verdicts", "accepted", 7), ("upload_to_board", "30.0", 2), ("upload_to_board", "+Inf", 1),
        ("upload_to_board", "sum", 90.5), ("board_lag", "", 4),
    ):  # fmt: skip
        WatchedFigure.objects.create(name=name, label=label, value=number)
    client.get("/api/v1/health")
    samples = scrape(client)
    assert {
        name: value(samples, "joulemark_condition_holds", condition=name)
        for name in ("database", "keys", "log")
    } == {"database": 1, "keys": 1, "log": 1}
    assert value(samples, "joulemark_waiting", what="moderator") == 1
    assert value(samples, "joulemark_waiting_limit_seconds", what="verdict") == settings.WAITING_ALARM_S
    assert value(samples, "joulemark_queue_messages", queue="judging") is not None
    assert (value(samples, "joulemark_disk_free_bytes", folder="data") or 0) > 0
    assert value(samples, "joulemark_verdicts_total", state="accepted") == 7
    buckets = [
        value(samples, "joulemark_upload_to_board_seconds_bucket", le=le) for le in ("10.0", "30.0", "+Inf")
    ]
    assert buckets == [0, 2, 3]
    assert value(samples, "joulemark_upload_to_board_seconds_sum") == 90.5
    assert value(samples, "joulemark_board_lag_seconds") == 4
    assert abs(value(samples, "joulemark_clock_offset_seconds") or 9) < 5
    health = {"method": "GET", "route": "/api/v1/health", "status": "200"}
    assert (value(samples, "joulemark_requests_total", **health) or 0) >= 1
    assert (value(samples, "joulemark_request_seconds_count", route="/api/v1/health") or 0) >= 1
    assert not any(name == "joulemark_refusals_total" for name, _ in samples), "of another day"


@pytest.mark.usefixtures("opened")
def test_what_is_not_known_has_no_sample(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> NoReturn:
        raise OperationalError("gone")

    monkeypatch.setattr(dependencies, "DATABASE", Probe("database", away))
    samples = scrape(client)
    assert value(samples, "joulemark_condition_holds", condition="database") == 0
    assert value(samples, "joulemark_condition_holds", condition="log") is None
    assert not any(name.startswith("joulemark_waiting") for name, _ in samples)


@pytest.mark.usefixtures("opened", "catalogue")
def test_what_a_scrape_costs_does_not_grow_with_what_there_is(client: Client) -> None:
    """Its statements and its function calls are the same for forty results as for five."""
    costs: list[int] = []
    for more in (range(5), range(5, 40)):
        for number in more:
            make_result(Run(by=f"person {number}"))
        sequencer.sequence()
        scrape(client)  # what a process learns once
        with CaptureQueriesContext(connection) as queries:
            scrape(client)
        assert len(queries) <= 22, [query["sql"] for query in queries]
        costs.append(calls_of(lambda: client.get("/metrics", headers=HEADERS)))
    few, many = costs
    assert many <= 1.1 * few


def calls_of(act: Callable[[], Any]) -> int:
    """How many functions of Python `act` calls, in this thread."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(before)
    return calls
