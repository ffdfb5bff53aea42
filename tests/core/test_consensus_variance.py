"""Where differences come from: what is stated is near the truth, and what is not has a reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from joulemark.consensus.cell import ResultReading, cell_value
from joulemark.consensus.student_t import t_quantile_95
from joulemark.consensus.variance import SessionEnergy, variance_split
from joulemark_simulation.crowds import NestedCrowd, nested_cell
from tests.laws import EXAMPLES

LEVELS = ("window", "session", "device", "contributor")
FACTOR = 1.5
SPREADS = [
    (0.0, 0.03, 0.01, 0.02),
    (0.02, 0.03, 0.01, 0.02),
    (0.05, 0.02, 0.01, 0.01),
    (0.0, 0.06, 0.02, 0.01),
]


@pytest.mark.laws
@pytest.mark.parametrize("spreads", SPREADS, ids=str)
def test_nine_of_ten_stated_components_are_within_a_factor_of_one_and_a_half(
    spreads: tuple[float, float, float, float],
) -> None:
    """Of random crowds, a tenth of each dishonest; a level that truly is nothing may not be stated either."""
    chance = np.random.default_rng([13, *(round(1000 * spread) for spread in spreads)])
    stated, wrong = dict.fromkeys(LEVELS, 0), dict.fromkeys(LEVELS, 0)
    for _ in range(max(EXAMPLES, 100)):
        shape = (int(chance.integers(2, 41)), int(chance.integers(1, 4)), int(chance.integers(1, 5)))
        crowd = NestedCrowd(*shape, *spreads)
        split = cell_value(nested_cell(crowd, chance)).variance
        for level, truth in crowd.truth().items():
            found = getattr(split, level)
            assert (found is None) == (level in split.withheld)
            if found is not None:
                stated[level] += 1
                wrong[level] += not (truth and truth / FACTOR <= found <= truth * FACTOR)
    assert stated["window"] >= 90
    for level in LEVELS:
        assert wrong[level] <= 0.1 * stated[level] + 2, (level, stated, wrong)


@pytest.mark.laws
@pytest.mark.parametrize(("devices", "sessions"), [(1, 1), (1, 3), (2, 2)])
def test_twenty_contributors_are_enough_to_state_what_they_differ_by(devices: int, sessions: int) -> None:
    """Withholding is not the rule: what their devices differ by is nearly always there."""
    chance = np.random.default_rng([devices, sessions])
    crowd = NestedCrowd(20, devices, sessions, 0.0, 0.03, 0.01, 0.02)
    level = "device" if devices > 1 else "contributor"
    splits = [cell_value(nested_cell(crowd, chance)).variance for _ in range(50)]
    assert sum(getattr(split, level) is not None for split in splits) >= 35


def test_the_components_agree_with_the_spread_beside_them() -> None:
    """Devices differ by 3 %, sessions by 1 %, one contributor in ten lies: all of one page says so."""
    chance = np.random.default_rng(3)
    ratios = []
    for _ in range(60):
        value = cell_value(nested_cell(NestedCrowd(40, 1, 3, 0.0, 0.03, 0.01, 0.005), chance))
        assert value.spread is not None
        assert value.variance.contributor is not None
        assert value.variance.contributor < 0.05
        assert value.variance.withheld == {"device": "not-repeated"}
        ratios.append(value.variance.contributor / value.spread)
    assert 0.8 <= np.median(ratios) <= 1.1
    assert min(ratios) >= 0.5
    assert max(ratios) <= 1.6


def test_the_variance_split_finds_what_was_put_in() -> None:
    chance = np.random.default_rng(11)
    window_u = t_quantile_95(9) / 2 * 0.01 / math.sqrt(10)
    sessions = [
        SessionEnergy(
            contributor=who,
            device=(who, device),
            log_energy=at_device + chance.normal(0, 0.02) + chance.normal(0, 0.01 / math.sqrt(10)),
            window_u=window_u,
            n_windows=10,
        )
        for who in range(300)
        for at_who in [chance.normal(0, 0.03)]
        for device in range(2)
        for at_device in [at_who + chance.normal(0, 0.04)]
        for _ in range(3)
    ]
    split = variance_split(sessions)
    assert split.window == pytest.approx(0.01, rel=0.01)
    assert split.session == pytest.approx(0.02, rel=0.1)
    assert split.device == pytest.approx(0.04, rel=0.1)
    assert split.contributor == pytest.approx(0.03, rel=0.15)
    assert split.withheld == {}


def test_what_nobody_has_repeated_is_not_known() -> None:
    alone = SessionEnergy(contributor="a", device="a", log_energy=0.0, window_u=None, n_windows=1)
    split = variance_split([alone])
    assert (split.window, split.session, split.device, split.contributor) == (None, None, None, None)
    assert split.withheld == dict.fromkeys(LEVELS, "not-repeated")


def test_one_contributor_with_many_sessions_does_not_make_the_split() -> None:
    """A thousand wild sessions of one device weigh as one contributor's few."""
    chance = np.random.default_rng(5)
    calm = nested_cell(NestedCrowd(20, 1, 4, 0.0, 0.03, 0.01, 0.005), chance)
    wild = [
        ResultReading(contributor="wild", device="wild", energy_per_query_j=math.exp(value), n_windows=1)
        for value in chance.normal(0, 0.5, 1000)
    ]
    session = cell_value([*calm, *wild]).variance.session
    assert session is not None
    assert 0.01 / 1.5 <= session <= 0.015


def test_fifty_keys_on_one_device_are_not_fifty_contributors() -> None:
    socks = [ResultReading(contributor=n, device="one", energy_per_query_j=1 + n / 1000) for n in range(50)]
    other = ResultReading(contributor="other", device="other", energy_per_query_j=1.1)
    split = cell_value([*socks, other]).variance
    assert split.withheld["contributor"] in {"too-few", "not-repeated"}
    hundreds = [
        ResultReading(contributor=n, device=n % 10, energy_per_query_j=1 + (n % 10) / 100) for n in range(500)
    ]
    assert cell_value(hundreds).variance.withheld["contributor"] == "too-few"


@pytest.mark.parametrize("window_u", [1e100, 1e154, 1e200, 1.7e308])
def test_an_uncertainty_that_says_nothing_makes_no_number_too_large(window_u: float) -> None:
    sessions = [
        SessionEnergy(contributor=n, device=n, log_energy=0.01 * (n % 3), window_u=0.01, n_windows=5)
        for n in range(40)
    ]
    absurd = SessionEnergy(
        contributor="absurd", device="absurd", log_energy=0.0, window_u=window_u, n_windows=5
    )
    split = variance_split([*sessions, absurd])
    assert all(
        part is None or math.isfinite(part) for part in (split.window, split.session, split.contributor)
    )
