"""The power at rest out of exact counters: base, levels and decay; constant where nothing longer is seen."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.energy.errors import TraceIncomplete
from joulemark.energy.rest_power import RestPower, rest_power, rest_powers_at, settled_steps
from joulemark.energy.stretches import stretches
from tests.core.analytic import Device, Part, Piece, seen, steps, trace

WORK = 300.0


def device(base_w: float, decay_s: float, levels_w: tuple[float, ...]) -> Device:
    """Cold for 6 s, then work of 1 s and rests in turn: the last is long."""
    rests = [3.0] * (len(levels_w) - 1) + [25.0]
    worked = [
        piece
        for seconds, level_w in zip(rests, levels_w, strict=True)
        for piece in (Piece(1.0, WORK), Piece(seconds, base_w, level_w, decay_s))
    ]
    return Device((Piece(6.0, base_w), *worked))


def fitted(
    found: Device, *, lag_s: float = 0.0, settle_s: float = 0.15, decay_s: float | None = None
) -> RestPower:
    edges = found.edges_s()
    work: list[Part] = [
        ("window", start_s, end_s) for start_s, end_s in zip(edges[::2], edges[1::2], strict=False)
    ]
    counter = seen(steps(found, until_s=edges[-1], lag_s=lag_s))
    return rest_power(
        counter, stretches(trace(run=work)), settle_s=settle_s + lag_s, delay_s=lag_s, decay_s=decay_s
    )


@settings(deadline=None, derandomize=True, max_examples=20)
@given(
    base_w=st.floats(20.0, 100.0),
    decay_s=st.floats(4.0, 40.0),
    levels_w=st.lists(st.floats(2.0, 20.0), min_size=1, max_size=3).map(tuple),
    lag_s=st.sampled_from([0.0, 0.13]),
)
def test_base_levels_and_decay_are_recovered_from_an_exact_counter(
    base_w: float, decay_s: float, levels_w: tuple[float, ...], lag_s: float
) -> None:
    found = fitted(device(base_w, decay_s, levels_w), lag_s=lag_s)
    assert found.decay_s == pytest.approx(decay_s, rel=1e-3)
    assert found.base_w == pytest.approx(base_w, rel=1e-4)
    assert found.level_w[1:] == pytest.approx(levels_w, rel=1e-3)
    assert found.ln_decay_u < 1e-3


def test_power_and_energy_follow_the_formula() -> None:
    card = device(60.0, 12.0, (5.0, 8.0))
    found = fitted(card)
    assert found.power_w(1, 7.0) == pytest.approx(65.0, rel=1e-6)
    assert found.power_w(0, 3.0) == pytest.approx(60.0, rel=1e-6)
    for stretch, start_s, end_s in ((0, 1.0, 6.0), (1, 7.0, 10.0), (2, 11.0, 36.0)):
        assert found.energy_j(stretch, start_s, end_s) == pytest.approx(
            card.between_j(start_s, end_s), rel=1e-6
        )


def test_a_decay_that_is_given_is_not_looked_for() -> None:
    found = fitted(device(60.0, 12.0, (5.0, 8.0)), decay_s=20.0)
    assert (found.decay_s, found.ln_decay_u) == (20.0, 0.0)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    levels_w=st.lists(st.floats(2.0, 20.0), min_size=1, max_size=4).map(tuple),
    decays_s=st.lists(st.floats(1.0, 60.0), min_size=1, max_size=5),
)
def test_fits_at_several_decays_are_those_at_each_to_the_last_digit(
    levels_w: tuple[float, ...], decays_s: list[float]
) -> None:
    card = device(60.0, 12.0, levels_w)
    edges = card.edges_s()
    work: list[Part] = [
        ("window", start_s, end_s) for start_s, end_s in zip(edges[::2], edges[1::2], strict=False)
    ]
    quiet = stretches(trace(run=work))
    settled = settled_steps(seen(steps(card, until_s=edges[-1])), quiet, settle_s=0.15, delay_s=0.0)
    together = rest_powers_at(settled, quiet, decays_s)
    for of_all, decay_s in zip(together, decays_s, strict=True):
        (alone,) = rest_powers_at(settled, quiet, [decay_s])
        assert (of_all.base_w, of_all.decay_s, of_all.ln_decay_u) == (alone.base_w, decay_s, 0.0)
        assert of_all.level_w.tolist() == alone.level_w.tolist()
        assert of_all.level_u_w.tolist() == alone.level_u_w.tolist()


def test_short_rests_have_a_constant_power_each() -> None:
    card = Device((Piece(4.0, 60.0), Piece(1.0, WORK), Piece(5.0, 66.0), Piece(1.0, WORK), Piece(6.0, 70.0)))
    found = fitted(card)
    assert (found.decay_s, found.base_w, found.ln_decay_u) == (inf, 0.0, 0.0)
    assert found.level_w.tolist() == pytest.approx([60.0, 66.0, 70.0], rel=1e-9)
    assert found.power_w(1, 9.0) == pytest.approx(66.0, rel=1e-9)
    assert found.energy_j(2, 11.0, 13.5) == pytest.approx(175.0, rel=1e-9)
    assert found.level_u_w == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def test_a_rest_that_was_not_seen_has_the_mean_of_the_others_and_their_spread() -> None:
    card = Device((Piece(4.0, 60.0), Piece(1.0, WORK), Piece(0.2, 66.0), Piece(1.0, WORK), Piece(6.0, 70.0)))
    found = fitted(card)
    assert found.level_w.tolist() == pytest.approx([60.0, 65.0, 70.0], rel=1e-9)
    assert found.level_u_w[1] == pytest.approx(5.0, rel=1e-9)


def test_a_rest_before_any_work_does_not_tell_how_a_card_cools() -> None:
    card = Device((Piece(20.0, 60.0), Piece(1.0, WORK), Piece(0.25, 60.0)))
    with pytest.raises(TraceIncomplete, match="No power at rest fits"):
        fitted(card)


@pytest.mark.parametrize("settle_s", [5.95, 60.0])
def test_rests_in_which_the_counter_never_settles_tell_nothing(settle_s: float) -> None:
    card = Device((Piece(1.0, WORK), Piece(6.0, 60.0)))
    quiet = stretches(trace(run=[("window", 0.0, 1.0)]))
    with pytest.raises(TraceIncomplete, match="long enough for the counter to settle"):
        rest_power(seen(steps(card, until_s=7.0)), quiet, settle_s=settle_s, delay_s=0.0)
