"""Estimators on counters that step at irregular distances, in whole joules, with pauses: against the analytic truth."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy import budget
from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.changes import changes
from joulemark.energy.comparison import disagreements
from joulemark.energy.counter import counter
from joulemark.energy.derivative import derivative
from joulemark.energy.errors import TraceIncomplete
from joulemark.record.trace import Queries, Span, Trace
from tests.core.analytic import GPU, Device, Part, Piece, gauge, irregular_steps, steps, stream, timing, trace
from tests.laws import law


@dataclass(frozen=True)
class Made:
    """A run on a counter by chance, and the joules that its windows really took."""

    trace: Trace
    true_j: tuple[float, ...]


def made(seed: int, *, resolution_j: float = 1.0, pause: bool = True) -> Made:
    """A warm card, three windows of one work each, rests as the agent makes them, ten power readings a second."""
    rng = Random(seed)  # noqa: S311 - chances, no secrets
    rest_w, load_w, window_s = rng.uniform(40, 90), rng.uniform(150, 700), rng.uniform(2.5, 12.0)
    pieces = [Piece(4.0, rest_w), Piece(3.0, load_w), Piece(6.0, rest_w, 4.0, 8.0)]
    run: list[Part] = [("warm-up", 4.0, 7.0), ("idle-before", 9.0, 12.5)]
    at_s = 13.0
    spans, pauses_s = [], []
    for _ in range(3):
        pieces += [Piece(window_s, load_w), Piece(4.0, rest_w, 5.0, 8.0)]
        run += [("window", at_s, at_s + window_s), ("rest", at_s + window_s, at_s + window_s + 4.0)]
        spans.append((at_s, at_s + window_s))
        if pause:
            pauses_s.append((at_s + rng.uniform(0.3, 0.7) * window_s,) * 2)
        at_s += window_s + 4.0
    pauses_s = [(start_s, start_s + rng.uniform(0.2, 0.8)) for start_s, _ in pauses_s]
    device = Device((*pieces, Piece(8.0, rest_w, 5.0, 8.0)))
    run[-1] = ("idle-after", at_s - 2.0, at_s + 6.0)
    told = irregular_steps(device, rng, until_s=at_s + 7.0, resolution_j=resolution_j, pauses_s=pauses_s)
    instants = [0.05 + 0.1 * number for number in range(int((at_s + 6) * 10))]
    powers = gauge(
        "gpu-power-instant", "mW", [(t_s, 1e4 * device.between_j(t_s - 0.1, t_s)) for t_s in instants]
    )
    board = stream(told, timing=timing(period_s=0.11, settle_s=0.22))
    queries = [Queries(gap_us=(0,), duration_us=(round(window_s * 1e6),))] * 3
    return Made(
        trace=trace(board, run=run, queries=queries, gauges=[powers]),
        true_j=tuple(device.between_j(*span) for span in spans),
    )


def method_interval(found: Analysis) -> float:
    """Half of it, relative, at k = 2."""
    return 2 * budget.method_u(found.budget)


@pytest.mark.laws
@law(share=0.5)
@given(seed=st.integers(0, 2**32), pause=st.booleans())
def test_every_estimator_holds_the_truth_on_an_irregular_counter(seed: int, *, pause: bool) -> None:
    run = made(seed, pause=pause)
    found, true_j = analyse(run.trace, GPU), fsum(run.true_j)
    error = found.totals.energy_gross_j / true_j - 1
    assert abs(error) <= max(1.5 * method_interval(found), 2e-4)
    joint = {each.estimator: each.joint for each in found.comparisons}
    for name, estimate_j in found.estimates.items():
        assert abs(estimate_j * 3 / true_j - 1) <= joint.get(name, 0.0) + 1.5 * method_interval(found), name
    assert disagreements(found.comparisons) == ()


@pytest.mark.laws
@law(share=0.5)
@given(st.integers(0, 2**32))
def test_the_derivative_needs_no_power_at_rest(seed: int) -> None:
    """A counter without rests around its windows: what is left to misplace is a step at either edge."""
    run = made(seed)
    (board,) = run.trace.streams
    assert board.timing is not None
    found = derivative(changes(counter(board)), run.trace.windows(), board.timing)
    for joules, edge_j, read_j, true_j in zip(
        found.energy_j, found.edge_j, found.read_j, run.true_j, strict=True
    ):
        assert abs(joules - true_j) <= 3**0.5 * edge_j + 4 * read_j


def test_a_counter_of_whole_joules_says_so_and_one_of_millijoules_does_not() -> None:
    whole, fine = (changes(counter(made(5, resolution_j=each).trace.streams[0])) for each in (1.0, 1e-3))
    assert (whole.resolution_j, fine.resolution_j) == (1.0, 0.0)
    assert whole.sharp(1.0).resolution_j == 1.0


def test_the_resolution_is_in_the_budget() -> None:
    coarse, fine = (
        {term.name: term.relative for term in analyse(made(5, resolution_j=each).trace, GPU).budget}
        for each in (1.0, 1e-3)
    )
    assert coarse["edge"] > fine["edge"] + 0.5 / 12**0.5 / 9000


def test_even_steps_give_the_integral_between_them() -> None:
    """Edges that lie on steps misplace nothing."""
    device = Device((Piece(5.0, 50.0), Piece(4.0, 250.0), Piece(5.0, 50.0)))
    read = changes(counter(stream(steps(device, until_s=14.0, phase_s=0.1), timing=None)))
    span = Span(kind="window", start_us=5_000_000, end_us=9_000_000)
    found = derivative(read, [span], timing())
    assert found.energy_j == pytest.approx((1000.0,), abs=0.3)
    between = Span(kind="window", start_us=6_030_000, end_us=7_070_000)
    assert derivative(read, [between], timing()).energy_j == pytest.approx((260.0,), abs=1e-3)
    late = changes(counter(stream(steps(device, until_s=14.0, phase_s=0.1, lag_s=0.13), timing=None)))
    assert derivative(late, [between], timing(delay_s=0.13)).energy_j == pytest.approx((260.0,), abs=1e-3)


def test_a_counter_that_ends_before_the_window_does_has_no_derivative() -> None:
    device = Device((Piece(5.0, 50.0), Piece(4.0, 250.0)))
    read = changes(counter(stream(steps(device, until_s=8.0), timing=None)))
    with pytest.raises(TraceIncomplete):
        derivative(read, [Span(kind="window", start_us=5_000_000, end_us=9_000_000)], timing())
