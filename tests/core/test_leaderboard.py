"""Which state the log leaves a result in, and what of a part's rows is compared and ranked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.leaderboard.eligibility import ELIGIBLE, StateOfResult
from joulemark.leaderboard.fronts import comparable_interval
from joulemark.leaderboard.hardware_names import hardware_code, hardware_slug
from joulemark.leaderboard.parts import meeting_rows

Decision = tuple[str, dict[str, Any]]

STATES = st.sampled_from(("accepted", "quarantined", "rejected"))
VERDICTS = st.builds(
    lambda state, cause: ("verdict", {"state": state, "cause": cause}),
    STATES,
    st.sampled_from(("rules", "new-rules", "key-revoked")),
)
MODERATIONS = st.builds(
    lambda state: ("moderation", {"state": state}), st.sampled_from(("accepted", "rejected"))
)
DECISIONS = st.lists(VERDICTS | MODERATIONS, max_size=8)


def verdict(state: str, cause: str = "rules") -> Decision:
    return "verdict", {"state": state, "cause": cause}


def moderation(state: str) -> Decision:
    return "moderation", {"state": state}


def state_after(decisions: list[Decision]) -> str | None:
    result = StateOfResult()
    for kind, facts in decisions:
        result.apply(kind, facts)
    return result.state


def test_the_last_decision_stands() -> None:
    assert state_after([]) is None
    assert state_after([verdict("quarantined"), moderation("accepted")]) == "accepted"
    assert state_after([verdict("accepted"), verdict("rejected", "new-rules")]) == "rejected"


def test_new_rules_do_not_undo_what_a_person_has_decided_and_a_revoked_key_does() -> None:
    decided = [verdict("quarantined"), moderation("accepted")]
    assert state_after([*decided, verdict("rejected", "new-rules")]) == "accepted"
    assert state_after([*decided, verdict("rejected", "key-revoked")]) == "rejected"


def test_only_what_is_accepted_counts() -> None:
    assert ELIGIBLE == ("accepted",)


@pytest.mark.laws
@given(before=DECISIONS)
def test_a_withdrawal_is_the_state_whatever_came_before(before: list[Decision]) -> None:
    assert state_after([*before, ("withdrawal", {"reason": "other"})]) == "withdrawn"


@pytest.mark.laws
@given(decisions=DECISIONS, cut=st.integers(0, 8))
def test_reading_on_from_a_stored_state_is_reading_it_all(decisions: list[Decision], cut: int) -> None:
    first = StateOfResult()
    for kind, facts in decisions[:cut]:
        first.apply(kind, facts)
    second = StateOfResult(first.state, is_moderated=first.is_moderated)
    for kind, facts in decisions[cut:]:
        second.apply(kind, facts)
    assert second.state == state_after(decisions)


def test_rows_meet_where_both_kinds_are_known() -> None:
    assert meeting_rows([("general-purpose", 1), ("task-specific", 2), ("unknown", 3)]) == [1, 2]
    assert meeting_rows([("general-purpose", 1), ("unknown", 3)]) == []


def test_the_first_interval_that_is_there_is_compared_if_it_tells_something() -> None:
    assert comparable_interval(2.0, (None, None), (1.9, 2.1)) == (1.9, 2.1)
    assert comparable_interval(2.0, (1.8, 2.2), (1.9, 2.1)) == (1.8, 2.2)
    assert comparable_interval(2.0, (0.0, 2.2), (1.9, 2.1)) is None
    assert comparable_interval(2.0) is None


def test_two_names_never_share_a_class_of_hardware() -> None:
    assert hardware_slug("gpu", "NVIDIA  A100") == hardware_slug("gpu", "nvidia a100") == "gpu-nvidia-a100"
    assert hardware_slug("gpu", "NVIDIA A100!") != hardware_slug("gpu", "NVIDIA A100?")
    assert hardware_code("gpu", "gpu-nvidia-a100").startswith("gpu-")
