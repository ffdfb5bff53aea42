"""The changelog of a release says of results what became of them, however they went from one release to the next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.release.board_tables import STATES
from joulemark.release.manifest import Manifest
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.intake.models import State, Submission
from measurements.ledger.sequencer import sequence
from measurements.releases import storage
from measurements.releases.board_rows import state_rows
from measurements.releases.documents import changelog as module
from measurements.releases.documents.changelog import changelog
from measurements.releases.services import publish_release
from measurements.releases.snapshot_writer import write_snapshot
from measurements.releases.staging import Staging
from measurements.review.moves import MOVES, Cause
from measurements.review.states import move
from tests.laws import law
from tests.web.release_reading import manifest_of

pytestmark = pytest.mark.django_db

N_FORMER, N_LATER = 4, 2
N_RESULTS = N_FORMER + N_LATER
HISTORY = st.lists(st.tuples(st.integers(0, N_RESULTS - 1), st.integers(0, 3)), max_size=40)
"""Moves: of which result, and to which of the states that may come next."""
BECAME = re.compile(r"^\* (\d+) of former releases became (\w+)\.$")


def _results(count: int) -> list[str]:
    return [make_result(Run(by=f"who-{number}", device="d")).pk for number in range(count)]


def _release(base: Manifest, folder: Path, *, tree_size: int) -> Manifest:
    """As much of a release of this moment as its changelog is made of."""
    folder.mkdir(exist_ok=True)
    states = write_snapshot(Staging(folder), STATES, state_rows(tree_size))
    return replace(
        base,
        made_at=timezone.now(),
        tree_size=tree_size,
        tables={"cells": base.tables["cells"], "states": states},
    )


def _walk(history: list[tuple[int, int]], ids: list[str], states: list[str]) -> None:
    """Move the results as the history says, and their states with them."""
    for number, choice in history:
        possible = MOVES[states[number]]
        if not possible:
            continue
        after = State(possible[choice % len(possible)])
        move([Submission.objects.get(pk=ids[number])], after, cause=Cause.RULES, at=timezone.now())
        states[number] = after.value


def _became(text: str) -> dict[str, set[str]]:
    """What a changelog names, by state, each beside as many as it counts."""
    named: dict[str, set[str]] = {}
    state = ""
    for line in text.partition("## Cells")[0].splitlines():
        if found := BECAME.match(line):
            state = found[2]
            named[state] = set()
            counted = int(found[1])
        elif line.startswith("  * `"):
            named[state].add(line.strip(" *`"))
            assert len(named[state]) <= counted
    return named


@pytest.mark.laws
def test_what_became_of_results_is_their_state_then_and_now_whatever_lay_between(tmp_path: Path) -> None:
    demo_catalog()
    former = _results(N_FORMER)
    base = manifest_of(tmp_path / "releases", publish_release().name)
    later = _results(N_LATER)
    checkpoint = sequence()
    assert checkpoint is not None
    ids = former + later

    @law(share=0.5)
    @given(HISTORY, HISTORY)
    def holds(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
        with transaction.atomic():
            states = [State.ACCEPTED.value] * N_RESULTS
            _walk(first, ids, states)
            then = list(states)
            previous = _release(base, tmp_path / "work", tree_size=base.tree_size)
            _walk(second, ids, states)
            now = _release(base, tmp_path / "work", tree_size=checkpoint.size)
            assert _became(changelog(now, previous)) == {
                word: {
                    ids[number]
                    for number in range(N_FORMER)
                    if states[number] == word and then[number] != word
                }
                for word in ("withdrawn", "rejected", "quarantined")
            }
            transaction.set_rollback(True)

    holds()


def test_a_result_that_came_back_has_not_become_quarantined(tmp_path: Path) -> None:
    demo_catalog()
    there_and_back, gone = _results(2)
    publish_release()
    for pk, states in (
        (there_and_back, (State.QUARANTINED, State.ACCEPTED)),
        (gone, (State.QUARANTINED, State.ACCEPTED, State.QUARANTINED, State.REJECTED)),
    ):
        for state in states:
            move([Submission.objects.get(pk=pk)], state, cause=Cause.RULES, at=timezone.now())
    text = (tmp_path / "releases" / publish_release().name / "CHANGELOG.md").read_text()
    assert _became(text) == {"withdrawn": set(), "rejected": {gone}, "quarantined": set()}


def test_more_than_are_named_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LISTED", 1)
    demo_catalog()
    ids = _results(3)
    publish_release()
    move(list(Submission.objects.all()), State.REJECTED, cause=Cause.RULES, at=timezone.now())
    text = (tmp_path / "releases" / publish_release().name / "CHANGELOG.md").read_text()
    assert "* 3 of former releases became rejected." in text
    assert _became(text)["rejected"] == {min(ids)}


def test_states_that_are_lost_are_not_compared(tmp_path: Path) -> None:
    demo_catalog()
    _results(1)
    previous = manifest_of(tmp_path / "releases", publish_release().name)
    (file,) = previous.tables["states"].of_form("parquet")
    move(list(Submission.objects.all()), State.REJECTED, cause=Cause.RULES, at=timezone.now())
    storage.root().delete(file.path)
    text = (tmp_path / "releases" / publish_release().name / "CHANGELOG.md").read_text()
    assert "The states of the previous release are not in the root, so they are not compared." in text
    assert _became(text) == {}
