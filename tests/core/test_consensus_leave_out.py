"""Comparing all reports of a cell at once is comparing each from scratch, to the last digit."""

from __future__ import annotations

import random
from math import log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.consensus.agreement import COVERAGE, Agreement, ContributorReport, compare, compare_all
from joulemark.consensus.cell import believed_u
from joulemark.consensus.centre import USUAL_SPREAD
from joulemark.consensus.interval import relative
from joulemark.consensus.leave_out import LeaveOneOut
from joulemark.consensus.voices import Observation, geometric_mean, voices, weighted_median
from tests.laws import law

REPORTS = st.lists(
    st.builds(
        ContributorReport,
        contributor=st.sampled_from([None, "a", "b", "c", "d", "e"]),
        device=st.sampled_from([None, 1, 2, 3, 4, 5, 6, 7]),
        energy_per_query_j=st.one_of(
            st.sampled_from([1.0, 1.02, 2.0]), st.floats(min_value=1e-9, max_value=1e9)
        ),
        relative_u=st.one_of(st.none(), st.floats(min_value=0, max_value=1)),
        announced=st.sampled_from([True, True, True, False]),
    ),
    max_size=24,
)


def from_scratch(report: ContributorReport, others: list[ContributorReport]) -> Agreement | None:
    """The definition: leave out everything of this contributor and everything on this device, then combine."""
    apart = [
        other
        for other in others
        if other.announced and other.contributor != report.contributor and other.device != report.device
    ]
    if not apart or not report.announced:
        return None
    spoken = voices(
        (Observation(other.contributor, other.device, other.energy_per_query_j) for other in apart),
        between=geometric_mean,
    )
    weight = float(sum(voice.weight for voice in spoken))
    difference = log(report.energy_per_query_j) - log(weighted_median(spoken, between=geometric_mean))
    u_middle = max(believed_u(other.relative_u) for other in apart) / sqrt(weight)
    tolerance = COVERAGE * sqrt(
        believed_u(report.relative_u) ** 2 + u_middle**2 + USUAL_SPREAD**2 * (1 + 1 / weight)
    )
    within = abs(difference) <= tolerance
    return Agreement(
        agrees=True if within else (False if weight > 1 else None),
        relative=relative(difference),
        tolerance=tolerance,
        n_others=int(weight),
    )


@pytest.mark.laws
@law()
@given(REPORTS)
def test_all_at_once_is_each_from_scratch(reports: list[ContributorReport]) -> None:
    expected = [from_scratch(report, reports) for report in reports]
    assert compare_all(reports) == expected
    assert [compare(report, reports) for report in reports] == expected


@pytest.mark.laws
@law()
@given(REPORTS, st.data())
def test_the_order_of_reports_changes_nothing(reports: list[ContributorReport], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(reports))))
    found = dict(zip(order, compare_all([reports[place] for place in order]), strict=True))
    assert [found[place] for place in range(len(reports))] == compare_all(reports)


def steps(n: int) -> int:
    """How many values of others are looked at for `n` contributors with a device each, counted by a listening float."""
    looked = 0

    class Listening(float):
        def __lt__(self, other: float) -> bool:
            nonlocal looked
            looked += 1
            return float(self) < float(other)

    draw = random.Random(n)  # noqa: S311 - chances, no secrets
    cell = LeaveOneOut(
        (Observation(who, f"device of {who}", Listening(draw.uniform(1, 2))), 0.01) for who in range(n)
    )
    for who in range(n):
        assert cell.without(who, f"device of {who}") is not None
    return looked


def test_a_cell_costs_no_square_of_its_results() -> None:
    assert steps(8000) < 12 * steps(1000)  # eight times as many, and the logarithm
