"""A simulated crowd goes through the real doors, and its numbers can never be taken for real ones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from joulemark_simulation import records
from joulemark_site.crowd.clock import NUDGES
from joulemark_site.crowd.plan import Crowd, members
from joulemark_site.crowd.playing import Played, play
from joulemark_site.crowd.summary import CellTruth, Fate, cells, coverage, fates, rms_error
from measurements.boards.models import BoardVersion, CellRevision
from measurements.contributors.models import Contributor
from measurements.intake.models import State, Submission, Ticket
from measurements.ledger.models import Leaf
from measurements.review.models import Verdict
from tests.client_response import Post

pytestmark = pytest.mark.django_db

UNTIL = datetime(2026, 5, 31, tzinfo=UTC)
MIXED = Crowd(seed=11, contributors=12, days=6, sloppy=0.25, dishonest=0.17, results=8)
LIARS = Crowd(seed=12, contributors=12, days=3, sloppy=0.0, dishonest=0.42, results=3)
CODES = {
    "edited-total": "JM-TOTALS",
    "tiny-uncertainty": "JM-UNCERTAINTY",
    "scaled-trace": "JM-TRACE-REUSED",
    "foreign": "JM-DIRTY",
    "unsteady": "JM-DIRTY",
    "foreign-unsaid": "JM-FLAGS",
    "clock": "JM-CLOCK",
}


def quiet(day: int, new: int) -> None:
    """Nobody watches."""


def played(crowd: Crowd) -> Played:
    return play(crowd, until=UNTIL, progress=quiet)


def rows() -> tuple[int, ...]:
    """How much there is of everything that a crowd adds."""
    return tuple(
        table.objects.count()
        for table in (Contributor, Ticket, Submission, Verdict, Leaf, CellRevision, BoardVersion)
    )


def test_a_mixed_crowd_is_judged_and_its_cells_hold_the_truth(catalogue: None) -> None:
    sent = played(MIXED).sent
    found = fates(sent)
    honest = found["honest", "honest"]
    assert (honest.states, honest.codes) == ({State.ACCEPTED: 7 * 8}, {})
    for (_kind, how), fate in found.items():
        if how in CODES:
            assert fate.codes == {CODES[how]: fate.sent}, how
            assert State.ACCEPTED not in fate.states
        else:
            assert set(fate.states) == {State.ACCEPTED}, how
    assert {how for kind, how in found if kind == "dishonest"} == {"colluding", "many-keys"}
    boards = list(cells())
    held, there = coverage(boards)
    assert there >= 10
    assert held == there
    assert rms_error([cell for cell in boards if cell.devices >= 5]) < 0.021
    call_command("check_log", stdout=StringIO())


def test_liars_are_caught_by_name_or_do_no_harm(catalogue: None) -> None:
    found = fates(played(LIARS).sent)
    for how in ("edited-total", "tiny-uncertainty"):
        fate = found["dishonest", how]
        assert fate.states == {State.REJECTED: 3}
        assert fate.codes == {CODES[how]: 3}
    scaled = found["dishonest", "scaled-trace"]
    assert scaled.states == {State.ACCEPTED: 1, State.REJECTED: 2}, "the first one is its own honest run"
    assert scaled.codes["JM-TRACE-REUSED"] == 2
    assert found["dishonest", "many-keys"].states == {State.ACCEPTED: 15}
    assert found["honest", "honest"].states == {State.ACCEPTED: 21}


def test_the_same_crowd_again_adds_nothing(catalogue: None) -> None:
    assert played(LIARS).new == len(Submission.objects.all()) > 0
    before, shown = rows(), list(cells())
    later = play(LIARS, until=datetime(2026, 9, 1, tzinfo=UTC), progress=quiet)
    assert later.new == 0
    assert (rows(), list(cells())) == (before, shown)


def test_a_crowd_that_was_ended_half_way_goes_on(catalogue: None) -> None:
    def end(day: int, new: int) -> None:
        if day == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(LIARS, until=UNTIL, progress=end)
    before = Submission.objects.count()
    assert 0 < before < 48
    rest = played(LIARS)
    assert rest.new == Submission.objects.count() - before == 48 - before
    assert not Submission.objects.filter(state__in=(State.RECEIVED, State.CHECKING)).exists()
    assert sum(fates(rest.sent)["honest", "honest"].states.values()) == 21


def test_the_same_seed_is_the_same_crowd_on_another_platform(
    catalogue: None, settings: Settings, tmp_path: Path
) -> None:
    def once(folder: str) -> tuple[list[CellTruth], dict[tuple[str, str], Fate]]:
        settings.LOG_DIR = tmp_path / folder
        with transaction.atomic():
            sent = played(LIARS).sent
            said = list(cells()), fates(sent)
            transaction.set_rollback(True)
        return said

    first = once("one")
    assert not Submission.objects.exists()
    assert once("two") == first
    assert first[0]
    other = Crowd(seed=13, contributors=12, days=3, sloppy=0.0, dishonest=0.42, results=3)
    assert list(members(other)) != list(members(LIARS)) == list(members(LIARS))


def test_times_are_those_of_the_crowd_and_in_order(catalogue: None) -> None:
    played(LIARS)
    every = Submission.objects.select_related("ticket")
    assert every.filter(ticket__isnull=False).exists()
    for one in every:
        assert UNTIL - timedelta(days=LIARS.days) <= one.received_at < UNTIL
        assert one.ticket is None or one.ticket.issued_at < one.received_at < one.ticket.expires_at
        assert one.verdicts.get().judged_at > one.received_at
    logged = list(Leaf.objects.order_by("index").values_list("logged_at", flat=True))
    assert logged == sorted(logged)
    assert logged[0] >= UNTIL - timedelta(days=LIARS.days)
    assert abs((timezone.now() - datetime.now(UTC)).total_seconds()) < 60, "the clock runs again"
    assert all(signal.receivers for signal in NUDGES), "and whoever listened listens again"


def simulate(**options: object) -> str:
    told = StringIO()
    options.setdefault("stderr", told)
    asked = {"seed": 5, "contributors": 4, "days": 2, "results_per_contributor": 2, **options}
    call_command("simulate_crowd", stdout=told, **asked)
    return told.getvalue()


def test_the_command_says_what_became_of_the_crowd(catalogue: None) -> None:
    told = simulate(until="2026-05-31")
    assert "day 2 of 2: 8 results" in told
    assert "honest     honest" in told
    assert "root-mean-square error" in told
    assert "quarantined waits for a moderator" in told
    worst = r"Caught 1 of 1 sessions with something wrong; the worst value lies \d\.\d\d% from the truth\."
    assert re.search(worst, told)
    names = Contributor.objects.values_list("display_name", flat=True)
    assert len(names) == 4
    assert all(name is not None and name.startswith("simulated-5-") for name in names)
    assert "0 of their results new here" in simulate()


def test_a_public_platform_takes_no_simulated_crowd(catalogue: None, settings: Settings) -> None:
    for origin in ("https://joulemark.example", "http://192.0.2.7:8000", "http://localhost.example"):
        settings.ORIGIN = origin
        with pytest.raises(CommandError, match="loopback"):
            simulate(into_existing=True)
    assert rows() == (0,) * 7


def test_real_results_are_not_mixed_with_simulated_ones_unasked(enrolled: Post) -> None:
    assert enrolled("results", records.bundle().to_bytes()).status_code == 202
    before = rows()
    with pytest.raises(CommandError, match="--into-existing"):
        simulate()
    assert rows() == before
    assert "8 of their results new here" in simulate(into_existing=True)


def test_whoever_calls_themselves_simulated_is_not_the_crowds(enrolled: Post) -> None:
    assert enrolled("results", records.bundle().to_bytes()).status_code == 202
    Contributor.objects.update(display_name="simulated-5-0a1b2c-0000")
    with pytest.raises(CommandError, match="--into-existing"):
        simulate()


def test_a_crowd_that_joins_another_is_told(catalogue: None) -> None:
    assert "joins" not in simulate() + simulate()
    one = Contributor.objects.first()
    assert one is not None
    assert one.display_name is not None
    first = one.display_name.rpartition("-")[0].removeprefix("simulated-")
    assert f"A crowd is here already ({first}): this one joins it" in simulate(seed=6)


def test_impossible_crowds_are_refused_in_words(catalogue: None) -> None:
    for options, words in (
        ({"sloppy": 0.8, "dishonest": 0.5}, "add up to 1"),
        ({"days": 1, "results_per_contributor": 11}, "room for 1 to 10"),
        ({"contributors": 0}, "1 contributor"),
        ({"contributors": 10**9}, "--contributors of 100,000 at most"),
        ({"seed": 10**200}, "--seed of 999,999,999,999 at most"),
        ({"days": 99_999_999}, "--days of 3,650 at most"),
        ({"sloppy": float("nan")}, "--sloppy and --dishonest are shares from 0 to 1"),
        ({"dishonest": float("inf")}, "shares from 0 to 1"),
        ({"until": "yesterday"}, "YYYY|2026-05-31"),
        ({"until": "2999-01-01"}, "--until is a day from 2000-01-01 to today"),
        ({"until": "0001-01-01"}, "--until is a day from 2000-01-01 to today"),
    ):
        with pytest.raises(CommandError, match=words):
            simulate(**options)
    assert not Contributor.objects.exists()


def test_without_a_catalogue_it_says_what_to_do(db: None) -> None:
    with pytest.raises(CommandError, match="prepare"):
        simulate()
