"""A suite whose windows run parts: a result goes through the door, is judged beside others', and is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from msgspec.structs import replace

from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark_simulation import records
from measurements.review.models import Result
from measurements.review.services import judge_waiting
from tests import parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import Settings

    from joulemark.record.statement import Predicate
    from joulemark.record.trace import Trace
    from tests.client_response import Post

pytestmark = pytest.mark.django_db


class Crowd:
    """Contributors who each upload one result in parts, and what the platform made of it."""

    def __init__(self, post: Post) -> None:
        self.post = post
        self.number = 0

    def upload(
        self,
        *,
        edit: Callable[[Trace], Trace] = lambda of: of,
        change: Callable[[Predicate], Predicate] = lambda said: said,
    ) -> str:
        """The digest of a new contributor's result, judged."""
        self.number += 1
        key, tag = records.signing_key(self.number), f"{self.number:02x}" * 32
        self.post("enrolments", encode(records.enrolment(key=key)))
        request = records.ticket_request(key=key, suite=parts.REF, device_tag=tag)
        ticket = decode(self.post("tickets", encode(request)).content, Ticket, what="ticket")
        of = edit(parts.trace(ticket.sample_seed, salt=self.number, windows=2 + self.number % 3))
        bundle = parts.bundle(ticket, key=key, of=of, change=change, tag=tag)
        assert self.post("results", bundle.to_bytes()).status_code == 202
        judge_waiting(result_ids=[bundle.digest()])
        return bundle.digest()


@pytest.fixture
def crowd(settings: Settings, post: Post) -> Crowd:
    """A platform that has the suite beside those of the software."""
    settings.SUITES = (parts.SUITE,)
    call_command("load_catalog", verbosity=0)
    return Crowd(post)


def judged(client: Client, digest: str) -> tuple[str, set[str]]:
    """State and codes."""
    found = client.get(f"/api/v1/results/{digest}").json()
    return found["state"], {finding[0] for finding in found["findings"]}


def all_wrong(of: Trace) -> Trace:
    """Answers that nobody else gives."""
    count = len(of.answers) // 4
    return replace(of, answers=b"".join(bytes((7, 7, place, 1)) for place in range(count)))


def other_content(of: Trace) -> Trace:
    """Another text for some query."""
    assert of.population is not None
    return replace(of, population=replace(of.population, inputs_sha256="e" * 64))


def lower(said: Predicate) -> Predicate:
    """A mean that the trace does not give."""
    totals = replace(said.totals, energy_per_query_j=said.totals.energy_per_query_j * 0.99)
    return replace(said, totals=totals)


def test_results_in_parts_are_accepted_compared_and_shown(crowd: Crowd, client: Client) -> None:
    digests = [crowd.upload() for _ in range(4)]
    for digest in digests:
        assert judged(client, digest) == ("accepted", set())
    rows = Result.objects.order_by("queries").values_list("queries", "energy_per_query_j", "suite__version")
    assert {row[0] for row in rows} == {40, 60, 80}
    assert {row[2] for row in rows} == {"1.parts"}
    strata = set(Result.objects.values_list("suite", "dataset", "model", "hardware_class", "stratum"))
    assert len(strata) == 1, "one cell, however many queries each has run"
    page = client.get(f"/results/{digests[0]}/")
    assert page.status_code == 200
    # of other parts: what others answered to the same queries is known, and what they were given
    assert judged(client, crowd.upload(edit=all_wrong)) == ("quarantined", {"JM-OUTPUTS"})
    assert judged(client, crowd.upload(edit=other_content)) == ("quarantined", {"JM-INPUTS"})
    assert judged(client, crowd.upload(change=lower)) == ("rejected", {"JM-TOTALS"})


def test_a_score_over_few_queries_is_held_to_what_few_can_tell(crowd: Crowd, client: Client) -> None:
    """Three others were right in 97 of 100 answers each; 8 of 12 is beyond chance, and 0 of 1 is not."""

    def scored(value: float, n: int) -> Callable[[Predicate], Predicate]:
        def change(said: Predicate) -> Predicate:
            return replace(said, quality=tuple(replace(one, value=value, n=n) for one in said.quality))

        return change

    for _ in range(3):
        crowd.upload(change=scored(0.975, 40))
    assert judged(client, crowd.upload(change=scored(0.975, 12))) == ("accepted", set())
    assert judged(client, crowd.upload(change=scored(0.1, 40))) == ("quarantined", {"JM-QUALITY-BAND"})
