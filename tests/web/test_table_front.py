"""The front of a table's rows: that of brute force, within the same conditions, in the query's unit."""

from __future__ import annotations

from math import hypot, log
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.boards.table_front import front_places
from tests.laws import law


def entry(
    condition: str, energy: float, spread: float, share: float, half: float, *, known: bool = True
) -> tuple[Any, dict[str, Any]]:
    line = SimpleNamespace(
        row=SimpleNamespace(series="demo", conditions=(condition, "h", "gpu", "s")),
        energy=SimpleNamespace(
            value_j=energy,
            between_low_j=energy / spread if known else None,
            between_high_j=energy * spread if known else None,
        ),
    )
    score = {"higher_is_better": True, "value": share, "low": share - half, "high": share + half}
    return line, score


entries = st.builds(
    entry,
    st.sampled_from(["a", "b"]),
    st.sampled_from([1.0, 2.0, 4.0, 8.0]),
    st.sampled_from([1.01, 1.2, 1.9]),
    st.sampled_from([0.2, 0.5, 0.55, 0.9]),
    st.sampled_from([0.001, 0.05, 0.2]),
    known=st.sampled_from([True, True, True, False]),
)


def brute_force(scored: list[tuple[Any, dict[str, Any]]]) -> set[int]:
    """Every pair under the same conditions, by the formulas of the method's page."""
    found = set()
    for condition in ("a", "b"):
        places = [
            place
            for place, (line, _) in enumerate(scored)
            if line.row.conditions[0] == condition and line.energy.between_low_j is not None
        ]
        z = NormalDist().inv_cdf(0.975)
        factor = NormalDist().inv_cdf(1 - 0.025 / max(len(places) - 1, 1)) / z

        def better(one: int, other: int, factor: float = factor) -> bool:
            a, b = scored[one][1], scored[other][1]
            return bool(
                a["value"] - b["value"] > factor * hypot(a["value"] - a["low"], b["high"] - b["value"])
            )

        def cheaper(one: int, other: int, factor: float = factor) -> bool:
            a, b = scored[one][0].energy, scored[other][0].energy
            widths = log(a.between_high_j / a.value_j), log(b.value_j / b.between_low_j)
            return log(b.value_j / a.value_j) > factor * hypot(*widths)

        if any(better(one, other) for one in places for other in places):
            found |= {
                place
                for place in places
                if not any(better(other, place) and cheaper(other, place) for other in places)
            }
    return found


@pytest.mark.laws
@law()
@given(st.lists(entries, max_size=10))
def test_the_front_is_that_of_every_pair_compared(scored: list[tuple[Any, dict[str, Any]]]) -> None:
    assert front_places(scored) == brute_force(scored)


def test_a_row_is_beaten_only_under_its_own_conditions() -> None:
    good, bad = entry("a", 1.0, 1.01, 0.9, 0.01), entry("a", 8.0, 1.01, 0.2, 0.01)
    elsewhere = entry("b", 8.0, 1.01, 0.2, 0.01)
    assert front_places([good, bad, elsewhere]) == {0}
    assert front_places([elsewhere, entry("b", 9.0, 1.01, 0.21, 0.2)]) == frozenset()
