"""Rules that compare with what the platform knows: other contributors' results, tickets, devices and clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from joulemark.record.statement import TicketRef
from joulemark.record.trace import to_deltas
from joulemark.rules.case import AnnouncedRuns, Case, TicketFacts
from joulemark.rules.finding import Severity
from joulemark.rules.judge import judge
from joulemark_simulation import records
from tests.core.estimate_cases import JOB, NOW, QUERIES, SUITE, judged_case, statement_of

if TYPE_CHECKING:
    from joulemark.rules.finding import Finding

OTHERWISE = "00000000"


def case(*, quality: float = 0.75, answers: bytes | None = None, **context: Any) -> Case:
    """An honest estimate of the demo suite's first job, as a platform sees it that knows `context`."""
    trace = records.trace(queries=QUERIES)
    trace = structs.replace(trace, answers=trace.answers if answers is None else answers)
    statement = statement_of(trace)
    said = statement.predicate
    stated = tuple(structs.replace(one, value=quality) for one in said.quality)
    statement = structs.replace(statement, predicate=structs.replace(said, quality=stated))
    return judged_case(statement, trace, **context)


def found(of: Case) -> dict[str, Finding]:
    return {one.code: one for one in judge(of).findings if one.code != "JM-TICKET-NONE"}


def answers_of(of: Case, others: int, *, otherwise: int = 0) -> dict[str, dict[str, int]]:
    """What `others` answered: as this result does, but for the first `otherwise` queries."""
    assert of.sample is not None
    ours = dict(zip(of.sample.query_ids, of.answers, strict=True))
    return {
        query: {OTHERWISE if place < otherwise else answer: others}
        for place, (query, answer) in enumerate(ours.items())
    }


def test_nothing_is_said_where_nobody_else_has_reported() -> None:
    assert found(case()) == {}


@pytest.mark.parametrize(
    ("otherwise", "codes"), [(0, set()), (7, set()), (8, {"JM-OUTPUTS"}), (15, {"JM-OUTPUTS"})]
)
def test_answers_are_held_to_those_that_others_agree_on(otherwise: int, codes: set[str]) -> None:
    assert len(case().answers) == 15
    known = answers_of(case(), 3, otherwise=otherwise)
    assert set(found(case(answers_by_others=known))) == codes


def test_two_others_or_others_that_disagree_say_nothing_about_answers() -> None:
    two = answers_of(case(), 2, otherwise=15)
    split = {query: {OTHERWISE: 3, "11111111": 3} for query in two}
    few = dict(list(answers_of(case(), 5, otherwise=15).items())[:9])
    unasked: dict[str, dict[str, int]] = {"nobody asked": {OTHERWISE: 9}}
    for known in (two, split, few, unasked, {"none": dict[str, int]()}):
        assert found(case(answers_by_others=known)) == {}


def test_answers_that_are_drawn_are_not_compared() -> None:
    drawn = structs.replace(SUITE, jobs=tuple(structs.replace(job, decoding="sample") for job in SUITE.jobs))
    known = answers_of(case(), 5, otherwise=15)
    assert "JM-OUTPUTS" not in found(case(answers_by_others=known, suite=drawn))


@pytest.mark.parametrize(
    ("quality", "others", "held"),
    [
        (0.75, (0.75, 0.74, 0.76), True),
        (0.00, (0.75, 0.74, 0.76), False),
        (1.00, (0.05, 0.06, 0.05), False),
        (0.35, (0.75, 0.74, 0.76), True),
        (0.10, (0.75, 0.74), True),
        (0.10, (0.75, 0.12, 0.40, 0.05), True),
    ],
    ids=["same", "far below", "far above", "within chance of 12 answers", "two others", "others scatter"],
)
def test_quality_is_held_to_that_of_others(quality: float, others: tuple[float, ...], *, held: bool) -> None:
    known = dict.fromkeys(SUITE.quality_metrics(JOB.dataset), others)
    assert set(found(case(quality=quality, quality_by_others=known))) == (
        set() if held else {"JM-QUALITY-BAND"}
    )


@pytest.mark.parametrize(
    ("n", "held"), [(1, True), (2, True), (3, True), (4, True), (6, False), (12, False), (1000, False)]
)
def test_none_right_where_others_have_all_right_is_chance_while_answers_are_few(
    n: int, *, held: bool
) -> None:
    known = dict.fromkeys(SUITE.quality_metrics(JOB.dataset), (1.0, 1.0, 1.0))
    one = case(quality=0.0, quality_by_others=known)
    said = structs.replace(
        one.predicate, quality=tuple(structs.replace(score, n=n) for score in one.predicate.quality)
    )
    codes = found(Case(structs.replace(one.statement, predicate=said), one.trace, one.context))
    assert ("JM-QUALITY-BAND" not in codes) is held


def test_more_answers_narrow_what_chance_explains() -> None:
    known = dict.fromkeys(SUITE.quality_metrics(JOB.dataset), (0.75, 0.75, 0.75))
    few = case(quality=0.35, quality_by_others=known)
    said = few.predicate
    many = structs.replace(said, quality=tuple(structs.replace(one, n=1000) for one in said.quality))
    assert "JM-QUALITY-BAND" not in found(few)
    held = Case(structs.replace(few.statement, predicate=many), few.trace, few.context)
    evidence = found(held)["JM-QUALITY-BAND"].evidence
    assert (evidence["value"], evidence["median"], evidence["others"]) == (0.35, 0.75, 3)


def test_a_device_of_several_contributors_is_marked() -> None:
    finding = found(case(device_shared_with=49))["JM-DEVICE-SHARED"]
    assert (finding.severity, finding.evidence["others"]) == (Severity.FLAG, 49)


@pytest.mark.parametrize(("unreported", "held"), [(0, True), (9, True), (10, False), (19, False)])
def test_the_best_of_twenty_runs_is_put_aside(unreported: int, *, held: bool) -> None:
    assert set(found(case(tickets_unreported=unreported))) == (set() if held else {"JM-BEST-OF"})


@given(
    unreported=st.integers(0, 200),
    reported=st.integers(1, 200),
    whose=st.sampled_from(("runs_of_contributor", "runs_of_network")),
)
def test_one_of_many_is_put_aside_and_a_few_lost_runs_are_not(
    unreported: int, reported: int, whose: str
) -> None:
    runs = AnnouncedRuns(unreported=unreported, announced=unreported + reported)
    is_held = unreported < 10 or unreported <= reported
    facts: dict[str, Any] = {whose: runs}
    assert set(found(case(**facts))) == (set() if is_held else {"JM-BEST-OF"})


@pytest.mark.parametrize(
    ("ahead_s", "codes"),
    [(0, set()), (119, set()), (121, {"JM-CLOCK-SKEW"}), (600, {"JM-CLOCK-SKEW"}), (601, {"JM-TIMES"})],
)
def test_a_clock_that_is_ahead(ahead_s: int, codes: set[str]) -> None:
    assert set(found(case(received_at=NOW - timedelta(seconds=ahead_s)))) == codes


@pytest.mark.parametrize(
    ("behind_s", "codes"), [(0, set()), (121, {"JM-CLOCK-SKEW"}), (601, {"JM-TICKET-LATE"})]
)
def test_a_clock_that_is_behind_began_before_its_ticket(behind_s: int, codes: set[str]) -> None:
    plain = case()
    ticket = TicketFacts(
        id="0" * 32,
        nonce="0" * 32,
        sample_seed=1,
        task=JOB.task,
        dataset=JOB.dataset,
        model=JOB.model,
        device_tag=plain.predicate.device.tag,
        issued_at=plain.predicate.started_at + timedelta(seconds=behind_s),
        expires_at=NOW + timedelta(hours=1),
    )
    noted = set(found(case(ticket=ticket))) - {"JM-TICKET-OTHER", "JM-SAMPLE"}
    assert noted == codes


def test_a_scaled_trace_keeps_its_times() -> None:
    plain = case()
    trace = plain.trace
    (stream,) = trace.streams
    scaled = structs.replace(stream, value=tuple(step * 2 for step in stream.value))
    later = structs.replace(stream, t_us=to_deltas(t + 1 for t in range(len(stream.t_us))))
    same, other = (replace(plain, trace=structs.replace(trace, streams=(one,))) for one in (scaled, later))
    assert (same.times_sha256 == plain.times_sha256, other.times_sha256 == plain.times_sha256) == (
        True,
        False,
    )
    finding = found(case(same_times_as="ab" * 32))["JM-TRACE-REUSED"]
    assert (finding.severity, finding.evidence) == (Severity.REJECT, {"result": "ab" * 32})


@pytest.mark.parametrize(
    ("repeated", "codes"), [(0, set()), (2, set()), (3, {"JM-ANSWERS"}), (14, {"JM-ANSWERS"})]
)
def test_answers_of_different_queries_have_different_digests(repeated: int, codes: set[str]) -> None:
    honest = case().trace.answers
    answers = honest[: len(honest) - 4 * repeated] + honest[:4] * repeated
    assert set(found(case(answers=answers))) == codes


def stating(of: Case, **changes: Any) -> Case:
    """The case with other words of its contributor."""
    said = structs.replace(of.predicate, **changes)
    return Case(structs.replace(of.statement, predicate=said), of.trace, of.context)


def test_a_run_is_not_longer_than_a_run_can_be() -> None:
    honest = case()
    began = honest.predicate.issued_at - timedelta(days=30)
    assert "JM-TIMES" not in found(stating(honest, started_at=began + timedelta(minutes=1)))
    assert "JM-TIMES" in found(stating(honest, started_at=began - timedelta(minutes=1)))


def test_a_trace_fits_into_its_run() -> None:
    honest = case()
    lasts = timedelta(seconds=honest.trace.spans[-1].end_us / 1e6)
    fits = honest.predicate.ended_at - lasts - timedelta(seconds=0.5)
    assert "JM-TIMES" not in found(stating(honest, started_at=fits))
    assert "JM-TIMES" in found(
        stating(honest, started_at=honest.predicate.ended_at - lasts + timedelta(seconds=1.5))
    )


def test_a_ticket_is_for_the_device_that_asked() -> None:
    honest = case()
    said = honest.predicate.workload
    given = TicketFacts(
        id="1" * 32,
        nonce="2" * 32,
        sample_seed=7,
        task=said.task,
        dataset=said.dataset,
        model=said.model,
        device_tag=honest.predicate.device.tag,
        issued_at=NOW - timedelta(hours=1),
        expires_at=NOW + timedelta(hours=1),
    )
    ref = TicketRef(id=given.id, nonce=given.nonce, sample_seed=given.sample_seed)
    absent = {name: why for name, why in honest.predicate.absent.items() if name != "ticket"}

    def under(ticket: TicketFacts) -> set[str]:
        told = stating(case(ticket=ticket), ticket=ref, absent=absent)
        return set(found(told)) & {"JM-TICKET-OTHER"}

    assert under(given) == set()
    assert under(replace(given, device_tag="cd" * 32)) == {"JM-TICKET-OTHER"}
    assert under(replace(given, model="another")) == {"JM-TICKET-OTHER"}
