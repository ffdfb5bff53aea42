"""Attacks by many: colluders, keys by the dozen, the best of many runs, and answers that a crowd knows better."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from statistics import fmean

import pytest
from django.core.management import call_command
from msgspec.structs import replace
from pytest_django import Settings

from joulemark.consensus.agreement import ContributorReport, tier
from joulemark.consensus.cell import ResultReading, cell_value
from joulemark.record import requests
from joulemark.record.codec import encode
from joulemark.record.statement import SuiteRef
from joulemark.record.trace import answer_digest
from joulemark.suite import load_suite
from joulemark.suite.reference_answers import KnownAnswer
from joulemark_simulation import records
from joulemark_simulation.honest_cases import honest
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import HardwareClass
from measurements.intake.models import Submission, Ticket
from measurements.review.models import Agreement, Result
from measurements.review.replication import compare_results
from tests.contract.attacks.book import Outcome, attack
from tests.contract.attacks.conftest import Door

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]


@attack(
    "20 % colluders, 30 % low, with tiny stated uncertainty",
    "harmless",
    how="the value from 40 contributors is off by less than 2 % on average and 5 % at most",
)
def test_colluders() -> Outcome:
    draw = Random(7)  # noqa: S311 - a simulation
    off = [abs(cell_value(_colluding(draw)).energy_per_query_j - 1) for _ in range(200)]
    assert fmean(off) < 0.02
    assert max(off) < 0.05
    return Outcome("harmless")


def _colluding(draw: Random) -> list[ResultReading]:
    """32 honest contributors whose devices differ by 3 %, and 8 who agree on 0.7 of the truth."""
    joules = [draw.lognormvariate(0, 0.03) for _ in range(32)] + [0.7] * 8
    return [
        ResultReading(contributor=n, device=f"gpu {n}", energy_per_query_j=value)
        for n, value in enumerate(joules)
    ]


@attack(
    "One contributor with 50 keys on one device",
    "harmless",
    how="deduplicated to one device: a single source without a rank",
)
def test_fifty_keys(door: Door) -> Outcome:
    for number in range(1, 51):
        key = records.signing_key(number)
        door.enrol(key)
        found = door.send(records.bundle(key=key, of=records.trace(queries=15, salt=number)))
        assert found.kind == "harmless"
    refresh_stale_cells()
    cell = Cell.objects.get()
    assert (cell.n_contributors, cell.n_devices, cell.label, cell.tier) == (
        50,
        1,
        "single source",
        "single source",
    )
    reports = [
        ContributorReport(contributor=n, device="one", energy_per_query_j=1.0, relative_u=None)
        for n in range(50)
    ]
    assert tier(reports) == "single source"
    return Outcome("harmless")


@attack(
    "Five keys on one device, 30 % low, against four honest contributors",
    "harmless",
    how="the value moves by less than 2 %, the honest contributors agree, and only the five disagree",
)
def test_keys_on_one_device_against_others() -> Outcome:
    demo_catalog()
    honest_ones = [
        make_result(
            Run(by=f"honest {n}", device=f"card {n}", energy_per_query_j=1 + n / 200, announced=True)
        ).pk
        for n in range(4)
    ]
    for n in range(5):
        make_result(Run(by=f"sock {n}", device="one card", energy_per_query_j=0.7, announced=True))
    compare_results(result_ids=honest_ones)
    refresh_stale_cells()
    cell = Cell.objects.get()
    assert abs(cell.energy_per_query_j - 1.0075) < 0.02
    assert cell.tier in ("replicated", "established")
    agreed = dict(Agreement.objects.values_list("result", "agrees"))
    assert {agreed[one] for one in honest_ones} == {True}
    assert set(agreed.values()) == {True, False}
    return Outcome("harmless")


@attack("Best of 20 runs", "quarantined", "JM-BEST-OF")
def test_best_of_twenty(door: Door) -> Outcome:
    key = records.signing_key()
    for _ in range(19):
        door.ticket(key=key)
    best = door.ticket(key=key)
    assert Ticket.objects.count() == 20
    return door.send(records.bundle(ticket=best))


@attack("Best of 15 runs, the others withdrawn", "quarantined", "JM-BEST-OF")
def test_best_of_withdrawn(door: Door) -> Outcome:
    key = records.signing_key()
    for number in range(14):
        door.send(records.bundle(ticket=door.ticket(key=key), of=records.trace(queries=15, salt=number)))
        row = Submission.objects.order_by("-leaf_id")[0]
        gone = records.request(
            requests.Withdrawal, requests.WITHDRAWAL_TYPE, result_id=row.pk, reason="measured-wrongly"
        )
        assert door.post("withdrawals", encode(gone)).status_code == 201
    return door.send(records.bundle(ticket=door.ticket(key=key), of=records.trace(queries=15, salt=99)))


@attack("Best of 41 runs, each announced under a device name of its own", "quarantined", "JM-BEST-OF")
def test_best_of_fresh_tags(door: Door) -> Outcome:
    key = records.signing_key()
    tickets = [door.ticket(key=key, device_tag=f"{number:064x}") for number in range(41)]
    return door.send(records.bundle(ticket=tickets[3], tag=f"{3:064x}"))


@attack("Best of 41 runs, each announced by a key of its own in one network", "quarantined", "JM-BEST-OF")
def test_best_of_fresh_keys(door: Door, settings: Settings) -> Outcome:
    settings.RATES = {scope: (10_000, seconds) for scope, (_, seconds) in settings.RATES.items()}
    tickets = []
    for number in range(41):
        door.client.defaults["REMOTE_ADDR"] = f"203.0.113.{number}"
        key = records.signing_key(number + 1)
        tickets.append(door.ticket(key=key, device_tag=f"{number:064x}"))
    assert len(set(Ticket.objects.values_list("network", flat=True))) == 1
    return door.send(records.bundle(ticket=tickets[3], tag=f"{3:064x}", key=records.signing_key(4)))


@attack("Wrong answers to known queries", "quarantined", "JM-KNOWN-ANSWERS")
def test_wrong_known_answers(door: Door, settings: Settings) -> Outcome:
    demo = load_suite("demo")
    job = records.first_job(demo)
    known = tuple(
        KnownAnswer(
            task=job.task,
            dataset=job.dataset,
            model=job.model,
            query=query,
            answer=answer_digest(query, "right").hex(),
        )
        for query in demo.query_ids(job.dataset)
    )
    suite = replace(demo, version="9", digest="9" * 64, reference_answers=known)
    settings.SUITES = (*settings.SUITES, suite)
    call_command("load_catalog", verbosity=0)
    door.enrol(records.signing_key())
    ref = SuiteRef(name=suite.name, version=suite.version, digest=suite.digest)
    return door.send(records.bundle(change=lambda said: replace(said, suite=ref)))


@attack("Other rows of the data set than everyone else's", "quarantined", "JM-INPUTS", "JM-DEVICE-SHARED")
def test_other_inputs(door: Door) -> Outcome:
    bundle = records.bundle(key=records.signing_key(3), of=records.trace(queries=15, salt=3))
    for number in (1, 2, 3):
        key = records.signing_key(number)
        door.enrol(key)
        if number < 3:
            door.send(records.bundle(key=key, of=records.trace(queries=15, salt=number)))
    sample = bundle.statement().predicate.workload.sample_sha256
    Result.objects.update(
        sample_sha256=sample, inputs_sha256="1" * 64
    )  # as if they had drawn the same queries
    return door.send(bundle)


@attack("Clock set back to fit an old ticket", "rejected", "JM-TIMES")
def test_times_in_the_wrong_order(door: Door) -> Outcome:
    ticket = door.ticket(key=records.signing_key())
    return door.send(
        records.bundle(
            ticket=ticket, change=lambda said: replace(said, started_at=said.ended_at + timedelta(seconds=9))
        )
    )


def test_the_sessions_are_of_four_machines() -> None:
    assert set(honest()) == {"a100", "l4", "rtx-3090", "rapl"}


@attack(
    "Advertisement as a processor's name",
    "harmless",
    how="a code is shown instead; the name appears only as the contributor's quoted words",
)
def test_advertising_processor(door: Door) -> Outcome:
    door.enrol(records.signing_key())
    name = "Cheap GPUs at https://spam.example"
    sent = door.send(
        records.bundle(change=lambda said: replace(said, device=replace(said.device, name=name)))
    )
    refresh_stale_cells()
    hardware = HardwareClass.objects.get(title=name)
    assert "spam" not in f"{hardware} {hardware.public_slug}"
    task = Cell.objects.get().dataset.task.slug
    table = door.client.get(f"/api/v1/boards/demo-1-estimated/{task}.json").json()["rows"][0]
    assert (table["hardware"], table["hardware_words"]) == (hardware.code, name)
    assert table["hardware_words_of"] == Submission.objects.get().key.contributor.pseudonym
    return Outcome(sent.kind, sent.codes)
