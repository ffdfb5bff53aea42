"""The law of judging again: one verdict for each result, cause and occasion, whoever asks, how often and at once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from joulemark.record import keys, requests
from joulemark.record.codec import encode
from joulemark.record.messages import VerdictState
from joulemark.rules.case import Case
from joulemark.rules.finding import Finding, Severity
from joulemark.rules.judge import Judgement
from joulemark_simulation import records
from measurements.contributors.models import Key
from measurements.intake import key_services
from measurements.intake import services as intake
from measurements.intake.models import State, Submission
from measurements.intake.refusals import Refusal
from measurements.intake.signals import submission_received
from measurements.ledger.log_facts import read_rows
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.signals import leaf_written
from measurements.review import contributor_requests, moderation, services, tasks
from measurements.review.models import Verdict
from measurements.review.moves import Cause
from measurements.review.signals import states_changed
from tests.client_response import Post
from tests.laws import law

AT_ONCE = 3
numbers = itertools.count(1)


@dataclass
class World:
    """A contributor with results, and what may happen to them; every action is one that bears being raced."""

    key: int
    result_ids: list[str]
    since: datetime

    @property
    def key_id(self) -> str:
        return keys.key_id(keys.public_hex(records.signing_key(self.key)))

    def sweep(self) -> None:
        tasks.sweep()

    def judge(self) -> None:
        services.judge_waiting(result_ids=self.result_ids)

    def judge_by_new_rules(self) -> None:
        services.judge_again(result_ids=self.result_ids, cause=Cause.NEW_RULES)

    def judge_for_revocation(self) -> None:
        services.judge_again(result_ids=self.result_ids, cause=Cause.KEY_REVOKED)

    def revoke(self) -> None:
        moderation.revoke(key=Key.objects.get(pk=self.key_id), moderator=_person("first"), since=self.since)

    def revoke_wholly(self) -> None:
        moderation.revoke(key=Key.objects.get(pk=self.key_id), moderator=_person("first"))

    def withdraw(self) -> None:
        body = records.request(
            requests.Withdrawal,
            requests.WITHDRAWAL_TYPE,
            key=records.signing_key(self.key),
            result_id=self.result_ids[0],
            reason="other",
        )
        with suppress(Refusal):
            contributor_requests.withdraw(data=encode(body))

    def accept(self) -> None:
        self._decide(State.ACCEPTED, "first")

    def reject(self) -> None:
        self._decide(State.REJECTED, "second")

    def _decide(self, state: State, name: str) -> None:
        row = Submission.objects.get(pk=self.result_ids[-1])
        with suppress(ValidationError):
            moderation.decide(submission=row, moderator=_person(name), state=state, reason="evidence-holds")


ACTIONS: list[Callable[[World], None]] = [
    World.sweep,
    World.judge,
    World.judge_by_new_rules,
    World.judge_for_revocation,
    World.revoke,
    World.revoke_wholly,
    World.withdraw,
    World.accept,
    World.reject,
]
rounds = st.lists(
    st.tuples(st.booleans(), st.lists(st.sampled_from(ACTIONS), min_size=AT_ONCE, max_size=AT_ONCE)),
    min_size=1,
    max_size=4,
)
"""In each round: whether the rules have changed since, and what happens at once."""


def _person(name: str) -> User:
    return User.objects.get(username=name)


@pytest.fixture
def judging(
    committed: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ThreadPoolExecutor]:
    """A platform whose transactions commit, rules that have no opinion of their own, and threads to race in."""
    settings.RATES = dict.fromkeys(settings.RATES, (10**9, 3600))
    settings.SWEEP_WAITING_LONGER_THAN_S = 0
    for signal in (leaf_written, states_changed, submission_received):
        monkeypatch.setattr(signal, "receivers", [])
    call_command("load_catalog", verbosity=0)
    for name in ("first", "second"):
        User.objects.create_user(name)

    def judged(case: Case) -> Judgement:
        if case.context.key_revoked:
            found = Finding("JM-KEY-REVOKED", Severity.REJECT, "The key was revoked.")
            return Judgement("rejected", (found,))
        return Judgement("quarantined", ())

    monkeypatch.setattr(services, "judge", judged)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield pool
        barrier = Barrier(AT_ONCE)

        def close() -> None:
            barrier.wait(60)
            connection.close()

        for closed in [pool.submit(close) for _ in range(AT_ONCE)]:
            closed.result()


def _world(n_results: int) -> World:
    number = next(numbers)
    key = records.signing_key(number + 1000)
    key_services.accept_enrolment(data=encode(records.enrolment(key=key)))
    ids = []
    for salt in range(n_results):
        of = records.trace(windows=1, queries=15, salt=number * 10 + salt)
        ids.append(intake.accept_result(data=records.bundle(key=key, of=of).to_bytes())[0].pk)
    first = Submission.objects.get(pk=ids[0])
    return World(key=number + 1000, result_ids=ids, since=first.received_at + timedelta(microseconds=1))


def _at_once(pool: ThreadPoolExecutor, world: World, actions: list[Callable[[World], None]]) -> None:
    start = Barrier(len(actions))

    def act(action: Callable[[World], None]) -> None:
        start.wait(60)
        action(world)

    for done in [pool.submit(act, action) for action in actions]:
        done.result()


def _settle() -> None:
    """Sweep until nothing is left to do, which takes two sweeps at most: one that judges, one that finds nothing."""
    tasks.sweep()
    assert tasks.sweep() == 0


@pytest.mark.laws
@pytest.mark.long
@pytest.mark.timeout(3600)
def test_there_is_one_verdict_for_each_result_cause_and_occasion(
    judging: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    @law(in_every_run=25)
    @given(st.integers(1, 3), rounds)
    def holds(n_results: int, played: list[tuple[bool, list[Callable[[World], None]]]]) -> None:
        world, versions = _world(n_results), [f"version {next(numbers)}"]
        monkeypatch.setattr(services, "RULES_VERSION", versions[0])
        for changed, actions in played:
            if changed:
                versions.append(f"version {next(numbers)}")
                monkeypatch.setattr(services, "RULES_VERSION", versions[-1])
            _at_once(judging, world, actions)
        _settle()
        _require_one_each(world, versions)
        before = Verdict.objects.count()
        for action in (World.judge_by_new_rules, World.judge_for_revocation, World.sweep):
            _at_once(judging, world, [action] * AT_ONCE)
        assert Verdict.objects.count() == before, "asked again, it is judged again"
        Submission.objects.filter(pk__in=world.result_ids).update(
            state=State.WITHDRAWN
        )  # out of later sweeps

    holds()


def _require_one_each(world: World, versions: list[str]) -> None:
    leaves = Leaf.objects.filter(subject__in=world.result_ids)
    states = dict(Submission.objects.filter(pk__in=world.result_ids).values_list("pk", "state"))
    revocations = {
        row.facts["untrusted_since"]
        for row in read_rows(list(Leaf.objects.filter(subject=world.key_id, kind="key-revoked"))).values()
    }
    for result_id in world.result_ids:
        given = list(Verdict.objects.filter(submission=result_id))
        assert leaves.filter(kind=LeafKind.VERDICT, subject=result_id).count() == len(given)
        counts = Counter(verdict.cause for verdict in given)
        if states[result_id] != State.WITHDRAWN:
            assert counts[Cause.RULES] == 1
            assert given[-1].rules_version == versions[-1] or counts[Cause.KEY_REVOKED]
        by_rules = [verdict.rules_version for verdict in given if verdict.cause == Cause.NEW_RULES]
        assert len(by_rules) == len(set(by_rules)) <= len(versions) - 1
        assert counts[Cause.KEY_REVOKED] <= len(revocations)
        assert not [f for verdict in given for f in verdict.findings if f["code"] == "JM-JUDGE-FAILED"]
    shown = read_rows(list(leaves))
    assert not [row for row in shown.values() if "stands" in row.facts], "a state that no decision has made"


def test_twenty_sweeps_that_come_at_once_judge_once(
    judging: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = [_world(2) for _ in range(5)]
    for world in worlds:
        world.judge()
    monkeypatch.setattr(services, "RULES_VERSION", "later")
    waiting = [
        services.outdated(most=100) for _sweep in range(20)
    ]  # each queued what it found, and nobody was there
    assert {len(ids) for ids in waiting} == {10}
    for ids in waiting:
        services.judge_again(result_ids=ids, cause=Cause.NEW_RULES)
    assert Verdict.objects.filter(cause=Cause.NEW_RULES).count() == 10
    assert Leaf.objects.filter(kind=LeafKind.VERDICT).count() == 20


def test_what_a_person_accepts_after_a_revocation_stands(judging: ThreadPoolExecutor) -> None:
    world = _world(1)
    world.judge()
    world.revoke_wholly()
    (row,) = Submission.objects.all()
    assert row.state == State.REJECTED
    body = records.request(
        requests.Appeal,
        requests.APPEAL_TYPE,
        key=records.signing_key(world.key),
        result_id=row.pk,
        words="It was mine.",
    )
    contributor_requests.appeal(data=encode(body))
    moderation.decide(
        submission=row, moderator=_person("second"), state=State.ACCEPTED, reason="appeal-granted"
    )
    assert tasks.sweep() == 0
    assert Submission.objects.get().state == State.ACCEPTED


@pytest.mark.django_db
def test_the_database_refuses_a_second_verdict(enrolled: Post) -> None:
    bundle = records.bundle()
    enrolled("results", bundle.to_bytes())
    services.judge_waiting(result_ids=[bundle.digest()])
    given = Verdict.objects.get()
    given.pk, given.leaf = None, Leaf.objects.get(kind=LeafKind.KEY_ENROLLED)
    with pytest.raises(IntegrityError, match="verdict_once"), transaction.atomic():
        given.save(force_insert=True)


@pytest.mark.laws
@pytest.mark.timeout(3600)
def test_what_was_judged_last_stands_whatever_clocks_say(
    judging: ThreadPoolExecutor, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers whose clocks are days apart: state, page, list, API and log name the same verdict."""
    world = _world(1)
    (result_id,) = world.result_ids
    world.judge()
    minutes = st.integers(-20_000, 20_000)

    @law(in_every_run=20)
    @given(st.lists(st.tuples(st.sampled_from(["accepted", "quarantined", "rejected"]), minutes), max_size=3))
    def holds(judgements: list[tuple[VerdictState, int]]) -> None:
        for state, ahead in judgements:
            found = () if state == "accepted" else (Finding(f"JM-{state.upper()}", Severity.REJECT, "No."),)
            with monkeypatch.context() as patched:
                patched.setattr(services, "RULES_VERSION", f"version {next(numbers)}")
                judgement, clock = Judgement(state, found), datetime.now(UTC) + timedelta(minutes=ahead)
                patched.setattr(services, "judge", lambda _case, now=judgement: now)
                patched.setattr(timezone, "now", lambda now=clock: now)
                assert services.judge_again(result_ids=[result_id], cause=Cause.NEW_RULES) == 1
        last = Verdict.objects.latest("leaf_id")
        codes = [finding["code"] for finding in last.findings]
        status = client.get(f"/api/v1/results/{result_id}").json()
        assert (status["state"], [code for code, *_ in status["findings"]]) == (last.state, codes)
        assert status["rules_version"] == last.rules_version
        listed = client.get("/api/v1/results/").json()["results"][0]
        assert (listed["state"], listed["codes"]) == (last.state, codes)
        page = client.get(f"/results/{result_id}/").content.decode()
        assert f"by rules {last.rules_version}," in page
        assert all(code in page for code in codes)

    holds()
