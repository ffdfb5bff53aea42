"""Runs that were announced and never reported: counted over devices, keys and networks, and forgiven once reported."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from joulemark.record import messages
from joulemark.record.codec import decode, encode
from joulemark_simulation import records
from measurements.intake.models import Submission, Ticket
from measurements.intake.network_code import network_code
from measurements.ledger.models import Leaf
from measurements.review import services
from measurements.review.announced_runs import runs_before
from measurements.review.models import Verdict
from measurements.review.reported_runs import reported_since
from measurements.review.tasks import sweep
from tests.client_response import Post

pytestmark = pytest.mark.django_db


def announce(enrolled: Post, number: int) -> messages.Ticket:
    """A ticket for a device of its own."""
    moment = timezone.now() + timedelta(seconds=number)
    answer = enrolled("tickets", encode(records.ticket_request(device_tag=f"{number:064x}", now=moment)))
    assert answer.status_code == 201, answer.content
    return decode(answer.content, messages.Ticket, what="ticket")


def report(enrolled: Post, ticket: messages.Ticket, number: int) -> Submission:
    """The result of a run, judged."""
    bundle = records.bundle(
        ticket=ticket, tag=f"{number:064x}", of=records.trace(queries=15, salt=number), now=timezone.now()
    )
    assert enrolled("results", bundle.to_bytes()).status_code == 202
    services.judge_waiting(result_ids=[bundle.digest()])
    return Submission.objects.get(pk=bundle.digest())


def test_many_cards_at_once_are_accepted_once_all_have_reported(
    enrolled: Post, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    tickets = [announce(enrolled, number) for number in range(16)]
    first = report(enrolled, tickets[0], 0)
    assert first.state == "quarantined"
    assert runs_before([first])[first.pk].of_contributor.unreported == 15
    assert reported_since(most=10) == []
    for number in range(1, 16):
        report(enrolled, tickets[number], number)
    assert first.pk in reported_since(most=20)
    with django_capture_on_commit_callbacks(execute=True):
        sweep()
    assert set(Submission.objects.values_list("state", flat=True)) == {"accepted"}
    assert list(Verdict.objects.filter(submission=first).values_list("cause", flat=True)) == [
        "rules",
        "reported",
    ]
    assert reported_since(most=20) == []


@pytest.mark.parametrize("n_lost", [1, 5, 9])
def test_who_loses_a_few_runs_is_accepted(enrolled: Post, n_lost: int) -> None:
    tickets = [announce(enrolled, number) for number in range(n_lost + 1)]
    assert report(enrolled, tickets[-1], n_lost).state == "accepted"


def test_of_the_network_a_code_is_stored_and_nothing_else(enrolled: Post, client: Client) -> None:
    client.defaults["REMOTE_ADDR"] = "203.0.113.77"
    announce(enrolled, 1)
    client.defaults["REMOTE_ADDR"] = "127.0.0.1"
    announce(enrolled, 2)
    coded, local = Ticket.objects.order_by("leaf_id")
    assert re.fullmatch("[0-9a-f]{32}", coded.network)
    assert local.network == ""
    facts = [leaf.entry().facts for leaf in Leaf.objects.filter(kind="run-started").order_by("pk")]
    assert (facts[0]["network"], "network" in facts[1]) == (coded.network, False)
    assert not any("203.0.113" in leaf.body for leaf in Leaf.objects.all())


def test_a_network_has_another_code_for_every_job_and_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    def code(prefix: str | None = "203.0.113.0/24", suite: str = "a" * 64, workload: str = "t/d/m") -> str:
        return network_code(prefix, suite_digest=suite, workload=workload)

    assert code(None) == ""
    here = code()
    others = {code("198.51.100.0/24"), code(suite="b" * 64), code(workload="t/d/n")}
    assert here == code()
    assert len({here, *others}) == 4
    monkeypatch.setattr(django_settings, "SECRET_KEY", "another")
    assert code() not in {here, *others}
