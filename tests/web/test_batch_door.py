"""The batch door: every bundle gets the answer of its own door, and one that is refused holds nobody up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.core.cache import cache
from django.db import IntegrityError
from pytest_django import DjangoAssertNumQueries, Settings

from joulemark.record.codec import decode, encode
from joulemark.record.messages import Ticket
from joulemark.record.receipts import verified_receipt
from joulemark.record.requests import BatchAnswer
from joulemark_simulation import records
from measurements.intake import batches
from measurements.intake.models import RefusalCount, Submission
from measurements.intake.services import Arrived, store_bundles
from measurements.ledger.models import Leaf
from tests.client_response import Post
from tests.web.test_intake_door import problem

pytestmark = pytest.mark.django_db


def bundle(salt: int = 0, **facts: Any) -> bytes:
    return records.bundle(of=records.trace(queries=15, salt=salt), **facts).to_bytes()


def sent(post: Post, *bodies: bytes) -> BatchAnswer:
    answer = post("results/batch", b"".join(bodies))
    assert answer.status_code == 200, answer.content
    return decode(answer.content, BatchAnswer, what="answer")


def test_each_bundle_has_its_receipt(enrolled: Post) -> None:
    bodies = [bundle(salt) for salt in range(64)]
    answer = sent(enrolled, *bodies)
    assert {item.status for item in answer.items} == {202}
    for body, item in zip(bodies, answer.items, strict=True):
        row = Submission.objects.get(pk=item.result_id)
        assert bytes(row.bundle) == body
        assert item.receipt is not None
        receipt = verified_receipt(item.receipt, result_id=row.pk)
        assert receipt.leaf_hash == row.leaf.leaf_hash
    assert Leaf.objects.filter(kind="result-received").count() == 64


def test_the_answers_are_those_of_the_single_door(
    enrolled: Post, ticket: Ticket, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    good, again = bundle(1), bundle(1, ticket=None)
    forged = bundle(2).replace(b'"sig":"', b'"sig":"AAAA', 1)
    stranger = bundle(3, key=records.signing_key(2))
    first = bundle(4, ticket=ticket)
    second = bundle(5, ticket=ticket)
    broken = b"{}\n"
    enrolled("results", bundle(9))
    answer = sent(enrolled, good, forged, stranger, first, second, broken, good, bundle(9))
    problems = [item.problem.code if item.problem else None for item in answer.items]
    assert [item.status for item in answer.items] == [202, 400, 403, 202, 409, 400, 200, 202]
    assert problems == [None, "JM-SCHEMA", "JM-KEY-UNKNOWN", None, "JM-TICKET-USED", "JM-SCHEMA", None, None]
    assert RefusalCount.objects.get(code="JM-SCHEMA").count == 2
    assert again


def test_sending_a_batch_again_changes_nothing(enrolled: Post) -> None:
    bodies = [bundle(salt) for salt in range(3)]
    first, second = sent(enrolled, *bodies), sent(enrolled, *bodies)
    assert [item.status for item in second.items] == [200] * 3
    assert [item.receipt for item in first.items] == [item.receipt for item in second.items]
    assert Submission.objects.count() == 3


def test_a_race_with_another_request_is_lost_without_loss(
    enrolled: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raced(_arrived: object) -> None:
        raise IntegrityError("duplicate key")

    monkeypatch.setattr(batches, "store_bundles", raced)
    answer = sent(enrolled, bundle(1), bundle(2))
    assert [item.status for item in answer.items] == [202, 202]
    assert Submission.objects.count() == 2


@pytest.mark.parametrize("number", [0, 65])
def test_a_batch_has_its_limits(enrolled: Post, number: int) -> None:
    problem(enrolled("results/batch", b"{}\n" * number or b"\n" * 70), status=400, code="JM-BATCH")


def test_many_cost_hardly_more_queries_than_few(
    enrolled: Post, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    enrolled("enrolments", encode(records.enrolment(key=records.signing_key(3))))
    bodies = [bundle(salt, key=records.signing_key(1 + 2 * (salt % 2))) for salt in range(32)]
    with django_assert_max_num_queries(20):
        sent(enrolled, *bodies)


def test_a_fault_before_the_commit_stores_nothing_and_uses_nothing_up(
    enrolled: Post, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    settings.RATES = {**settings.RATES, "result": (2, 3600)}
    bodies = [bundle(salt) for salt in range(2)]
    before = Leaf.objects.count()

    def hit(arrived: Sequence[Arrived]) -> list[Submission]:
        store_bundles(arrived)
        raise RuntimeError("hit before the commit")

    with monkeypatch.context() as patch:
        patch.setattr(batches, "store_bundles", hit)
        with pytest.raises(RuntimeError):
            batches.accept_results(bodies=bodies)
    assert (Submission.objects.count(), Leaf.objects.count()) == (0, before)
    assert [enrolled("results", body).status_code for body in bodies] == [202, 202]


def test_what_is_new_among_old_is_stored_together(
    enrolled: Post, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, used = bundle(1), bundle(2, ticket=ticket)
    sent(enrolled, old, used)
    stored: list[int] = []

    def counted(arrived: Sequence[Arrived]) -> list[Submission]:
        stored.append(len(arrived))
        return store_bundles(arrived)

    monkeypatch.setattr(batches, "store_bundles", counted)
    answer = sent(enrolled, bundle(3), old, bundle(4, ticket=ticket), bundle(5))
    assert [item.status for item in answer.items] == [202, 200, 409, 202]
    assert stored == [4, 2], "all of them in vain, then the two that are new"
    assert Leaf.objects.filter(kind="result-received").count() == 4
