"""The uncertainty budget: which terms a result has, how they add up, and what cannot be told at all."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from joulemark.energy import budget
from joulemark.energy.errors import NotMeasurable
from joulemark.energy.sensors import sensor_error
from joulemark.record.statement import Term
from joulemark.record.trace import Coverage
from tests.core.analytic import GPU, timing

PER_QUERY_J = (9.9, 10.0, 10.1, 10.0)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a budget is made of."""

    per_query_j: tuple[float, ...] = PER_QUERY_J
    edge_j: tuple[float, ...] = (0.3, 0.4)
    idle_j: float = 0.2
    phase: float = 0.03

    def of(self, meter: str = "nvml-counter") -> dict[str, Term]:
        sensor = replace(GPU, meter=meter)
        found = budget.method_terms(
            sensor,
            per_query_j=self.per_query_j,
            total_j=100.0,
            edge_j=self.edge_j,
            idle_j=self.idle_j,
            phase=self.phase,
        ) + budget.sensor_terms(sensor, board_name="", mean_power_w=100.0)
        return {term.name: term for term in found}


def test_a_measurement_has_seven_terms() -> None:
    terms = Parts().of()
    t_3, spread = 3.182, sqrt(2 * 0.1**2 / 3)
    assert terms["windows"].relative == pytest.approx(t_3 * spread / sqrt(4) / 10.0 / 2.0, rel=1e-12)
    assert terms["edge"].relative == pytest.approx(0.5 / 100.0, rel=1e-12)
    assert terms["idle"].relative == pytest.approx(0.2 / 100.0, rel=1e-12)
    assert terms["phase"].relative == 0.03
    unknown = sensor_error("nvml-counter")
    assert unknown is not None
    assert unknown.offset_u_w is not None
    assert terms["gain"].relative == unknown.gain_u
    assert terms["offset"].relative == unknown.offset_u_w / 100.0
    assert {name: term.kind for name, term in terms.items()} == {
        "windows": "A",
        "edge": "B",
        "idle": "B",
        "tail": "B",
        "phase": "B",
        "gain": "B",
        "offset": "B",
    }


def test_one_window_has_no_term_of_windows() -> None:
    assert "windows" not in Parts(per_query_j=(10.0,)).of()


def test_each_meter_has_its_own_gain_and_an_estimate_no_budget() -> None:
    assert Parts().of("rapl")["gain"].relative == 0.05
    assert "offset" not in Parts().of("rapl")
    assert Parts().of("cpu-time-estimate") == {}


def test_independent_terms_add_in_squares_and_two_of_their_sum_are_stated() -> None:
    terms = [Term(name="edge", kind="B", relative=0.03), Term(name="gain", kind="B", relative=0.04)]
    assert budget.combined(terms) == pytest.approx(0.05, rel=1e-12)
    assert budget.expanded(terms) == pytest.approx(0.10, rel=1e-12)
    assert budget.expanded([]) == 0.0


def test_agents_of_the_first_edition_stated_a_scale_of_five_per_cent_alone() -> None:
    (gain,) = budget.sensor_terms(GPU, board_name="", mean_power_w=20.0, edition=1)
    assert (gain.name, gain.relative) == ("gain", 0.025)


def test_what_boards_of_a_design_share_is_no_part_of_the_method() -> None:
    parts = Parts()
    method = [term for name, term in parts.of().items() if name not in ("gain", "offset")]
    assert (
        budget.method_u(tuple(parts.of().values()))
        == budget.combined(method)
        < budget.combined(tuple(parts.of().values()))
    )


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=6), st.floats(0.0, 0.5))
def test_another_term_never_makes_a_result_surer(relatives: list[float], another: float) -> None:
    terms = [Term(name="edge", kind="B", relative=one) for one in relatives]
    more = [*terms, Term(name="gain", kind="B", relative=another)]
    assert budget.combined(more) >= budget.combined(terms) >= max(relatives) * (1 - 1e-12)


@pytest.mark.parametrize("coverage", ["part-time", "unknown"])
def test_a_part_time_counter_may_be_off_by_its_period_over_the_work_and_the_times(coverage: Coverage) -> None:
    known = timing(coverage=coverage)
    assert budget.phase(known, work_s=2.0, times=10) == pytest.approx(0.1 / 2.0 / 10 / sqrt(3), rel=1e-12)


def test_a_full_counter_misses_nothing_however_short_the_work() -> None:
    assert budget.phase(timing(coverage="full"), work_s=0.001, times=1) == 0.0


def test_work_that_is_too_short_for_a_part_time_counter_is_not_measurable() -> None:
    known = timing(coverage="part-time")
    with pytest.raises(NotMeasurable) as raised:
        budget.phase(known, work_s=0.030, times=1)
    assert str(raised.value) == (
        "Not measurable: 1 run of 30 ms under a counter that looks only a part of each 100 ms. "
        "Run it at least 193 times."
    )
    with pytest.raises(NotMeasurable, match="2 runs of 30 ms"):
        budget.phase(known, work_s=0.030, times=2)
    assert budget.phase(known, work_s=0.030, times=193) <= 0.01
    assert budget.phase(known, work_s=0.030, times=4) <= budget.TOO_UNCERTAIN


def test_windows_that_scatter_beyond_all_meaning_give_no_result() -> None:
    with pytest.raises(NotMeasurable, match=r"standard uncertainty is \d+% of the energy"):
        Parts(per_query_j=(1.0, 30.0, 2.0)).of()
