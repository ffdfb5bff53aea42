"""Each rule about a GPU's trace catches the lie that it is for, and lets the nearest honest case pass."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace

from joulemark.energy.budget import SENSOR_TERMS, sensor_terms
from joulemark.record.trace import Queries, from_deltas, to_deltas
from joulemark_simulation.honest_cases import honest, measuring
from joulemark_simulation.trace_edits import counting, reading, scaled
from tests.core.lies import idle_w_before, inside, invented, number_in, stating, suite_of, told, with_gauge

if TYPE_CHECKING:
    from joulemark.record.statement import Term
    from joulemark.record.trace import Trace
    from joulemark.rules.case import Case

CAPPED = 0x4
IDLE = 0x1


@pytest.fixture(scope="module")
def a100() -> Case:
    """A model of 1.7e9 parameters on an A100, float16."""
    return honest()["a100"]


@pytest.fixture(scope="module")
def l4() -> Case:
    """A model of 124e6 parameters on an L4, float16."""
    return honest()["l4"]


@pytest.mark.parametrize("name", ["a100", "l4", "rtx-3090", "rapl"])
def test_an_honest_session_has_nothing_to_hide(name: str) -> None:
    case = honest()[name]
    assert told(case) == {}
    assert told(measuring(case, lambda trace: trace)) == {}


def test_another_gpu_declared_as_an_a100(a100: Case) -> None:
    other = stating(honest()["rtx-3090"], device={"name": "NVIDIA A100-SXM4-80GB"})
    finding = told(other)["JM-DEVICE"]
    assert finding.evidence["name"] == "memory_bytes"
    assert number_in(finding, "stated") < number_in(finding, "least")


def test_a_slice_of_a_gpu(a100: Case) -> None:
    assert "JM-DEVICE" in told(stating(a100, device={"mig": True}))
    assert "JM-DEVICE" in told(stating(a100, device={"name": "NVIDIA A100-SXM4-80GB MIG 1g.10gb"}))


def test_a_lowered_limit_is_stated_as_one(a100: Case) -> None:
    under = measuring(a100, lambda trace: reading(trace, "gpu-power-limit", lambda _, w: w * 0 + 350_000))
    assert told(stating(under, device={"power_limit_w": 350.0})) == {}
    assert told(stating(under, device={"power_limit_w": 400.0}))["JM-DEVICE"].evidence == {
        "limit_w": 400.0,
        "seen_w": 350.0,
    }
    assert "JM-DEVICE" in told(
        stating(under, device={"power_limit_w": 350.0, "power_limit_default_w": 350.0})
    ), "the default of an A100 is 400 W"


def test_a_limit_above_what_the_model_can_be_set_to(a100: Case) -> None:
    lifted = measuring(a100, lambda trace: reading(trace, "gpu-power-limit", lambda _, w: w * 0 + 600_000))
    assert told(stating(lifted, device={"power_limit_w": 600.0}))["JM-DEVICE"].evidence["most_w"] == 500.0


def test_a_cap_that_only_the_clocks_show(a100: Case) -> None:
    capped = measuring(a100, lambda trace: reading(trace, "gpu-throttle", lambda _, mask: mask | CAPPED))
    drawn = a100.trace.gauge("gpu-power-instant")
    assert drawn is not None
    drawn_w = max(from_deltas(drawn.value)) / 1e3
    honest_w, stated_w = drawn_w / 0.95, drawn_w / 0.6

    def limited(trace: Trace, limit_w: float) -> Trace:
        return reading(trace, "gpu-power-limit", lambda _, w: w * 0 + round(limit_w * 1e3))

    for limit_w, codes in ((honest_w, set[str]()), (stated_w, {"JM-DEVICE"})):
        case = measuring(capped, partial(limited, limit_w=limit_w))
        found = set(told(stating(case, device={"power_limit_w": round(limit_w * 1e3) / 1e3})))
        assert found == (codes if limit_w <= 500 else codes | {"JM-DEVICE"})


def test_a_gpu_that_is_not_known_gets_a_flag_and_no_rule_of_a_model(a100: Case) -> None:
    from joulemark.rules.judge import judge

    found = judge(stating(a100, device={"name": "NVIDIA X1000", "memory_bytes": 10**9 * 900}))
    assert {finding.code for finding in found.findings} - {"JM-TICKET-NONE", "JM-ESTIMATORS"} == {
        "JM-DEVICE-UNKNOWN"
    }
    assert found.state == "accepted"


def test_a_trace_that_was_scaled_down_rests_where_no_card_does(a100: Case) -> None:
    finding = told(measuring(a100, lambda trace: scaled(trace, 0.2)))["JM-IDLE-RANGE"]
    assert number_in(finding, "idle_w") < number_in(finding, "least_w")


def test_a_trace_that_was_multiplied_has_the_factor_in_every_number(a100: Case) -> None:
    assert told(measuring(a100, lambda trace: scaled(trace, 2.0)))["JM-NOISE"].evidence["factor"] == 2


def test_a_small_models_trace_declared_as_a_large_ones(l4: Case) -> None:
    model = suite_of(l4).model("text-generation-7069016064")
    large = stating(
        l4,
        workload={
            "model": model.id,
            "parameters": model.parameters,
            "model_revision": model.revision,
            "weights_sha256": model.weights_sha256,
        },
    )
    found = told(large)
    finding = found["JM-ROOFLINE"]
    assert number_in(finding, "busy_s") < number_in(finding, "least_s")
    assert "JM-MEMORY" in found
    middle = suite_of(l4).model("text-generation-1722408960")
    assert middle.parameters < model.parameters


def test_the_weights_were_in_memory(a100: Case) -> None:
    weights = a100.predicate.workload.parameters * 2
    assert "JM-MEMORY" not in told(stating(a100, peak_memory_bytes=weights))
    assert told(stating(a100, peak_memory_bytes=weights // 2))["JM-MEMORY"].evidence == {
        "peak_memory_bytes": weights // 2,
        "weights_bytes": float(f"{weights:.9g}"),
    }
    assert "JM-MEMORY" in told(stating(a100, peak_memory_bytes=10**12))


def test_a_counter_that_was_scaled_alone(a100: Case) -> None:
    def less(trace: Trace, factor: float) -> Trace:
        return counting(trace, lambda _, value: np.round((value - value[0]) * factor) + value[0])

    finding = told(measuring(a100, lambda trace: less(trace, 0.7)))["JM-COUNTER-POWER"]
    assert number_in(finding, "counter_w") < 0.8 * number_in(finding, "power_w")
    assert "JM-COUNTER-POWER" not in told(measuring(a100, lambda trace: less(trace, 0.97)))


def test_readings_at_round_times(a100: Case) -> None:
    def rounded(trace: Trace) -> Trace:
        (stream,) = trace.streams
        t_us = [t // 1000 * 1000 for t in from_deltas(stream.t_us)]
        return replace(trace, streams=(replace(stream, t_us=to_deltas(t_us)),))

    assert told(measuring(a100, rounded))["JM-NOISE"].evidence["quantum_us"] == 1000


def test_a_smooth_counter(a100: Case) -> None:
    found = told(measuring(a100, lambda trace: invented(trace, idle_w=61.0, load_w=250.0)))
    assert number_in(found["JM-NOISE"], "share") >= 0.95


def test_latencies_that_are_all_the_same(a100: Case) -> None:
    def even(trace: Trace, spread: int) -> Trace:
        shortest = min(min(queries.duration_us) for queries in trace.queries) - spread
        queries = tuple(
            Queries(
                duration_us=tuple(shortest + n % (spread + 1) for n in range(len(one.duration_us))),
                gap_us=tuple(
                    gap + length - shortest - n % (spread + 1) if n else gap
                    for n, (gap, length) in enumerate(zip(one.gap_us, (0, *one.duration_us), strict=False))
                ),
            )
            for one in trace.queries
        )
        return replace(trace, queries=queries)

    def noted(spread: int) -> set[str]:
        return set(told(measuring(a100, lambda trace: even(trace, spread)))) - {"JM-LATENCY"}

    assert "JM-NOISE" in noted(0)
    assert "JM-NOISE" not in noted(900)


def test_a_library_that_returns_constants(a100: Case) -> None:
    def one_power(trace: Trace) -> Trace:
        return reading(trace, "gpu-power-instant", lambda _, value: value * 0 + 250_000)

    assert told(measuring(a100, one_power))["JM-CONSTANT"].evidence["gauge"] == "gpu-power-instant"

    def one_temperature(trace: Trace) -> Trace:
        return reading(trace, "gpu-temperature", lambda _, value: value * 0 + 45)

    finding = told(measuring(a100, one_temperature)).get("JM-CONSTANT")
    window = a100.predicate.windows[0]
    load_w = window.energy_gross_j / (window.end_s - window.start_s) - idle_w_before(a100)
    assert (finding is not None) == (load_w >= 100)


def test_a_counter_that_rises_at_one_rate(a100: Case) -> None:
    def at(watts: float) -> set[str]:
        return set(
            told(
                measuring(
                    a100, lambda trace: counting(trace, lambda t_us, _: np.round(watts * t_us / 1e3) + 10**9)
                )
            )
        )

    assert "JM-CONSTANT" in at(70.0)
    lightly = measuring(a100, lambda trace: invented(trace, idle_w=70.0, load_w=75.0))
    assert "JM-CONSTANT" not in told(lightly), "light work is work"


def test_a_temperature_that_jumps(a100: Case) -> None:
    def jump(by: int) -> set[str]:
        return set(
            told(
                measuring(
                    a100,
                    lambda trace: reading(
                        trace, "gpu-temperature", lambda t, c: 30 + by * inside(trace, t).astype(int) + c % 3
                    ),
                )
            )
        )

    assert "JM-COHERENT" in jump(60)
    assert "JM-COHERENT" not in jump(25)
    hot = measuring(a100, lambda trace: reading(trace, "gpu-temperature", lambda _, c: c + 100))
    assert "JM-COHERENT" in told(hot)


def test_a_card_that_works_is_not_idle(a100: Case) -> None:
    idle = measuring(a100, lambda trace: reading(trace, "gpu-throttle", lambda _, mask: mask * 0 + IDLE))
    assert told(idle)["JM-COHERENT"].evidence["gauge"] == "gpu-throttle"

    def used(percent: int) -> set[str]:
        return set(
            told(
                measuring(
                    a100,
                    lambda trace: with_gauge(
                        trace, "gpu-throttle", "gpu-utilisation", lambda t: inside(trace, t) * percent
                    ),
                )
            )
        )

    assert (used(0), used(40)) == ({"JM-COHERENT"}, set())


def test_a_clock_above_the_models_highest(a100: Case) -> None:
    def clocked(mhz: int) -> set[str]:
        return set(
            told(
                measuring(
                    a100,
                    lambda trace: with_gauge(trace, "gpu-throttle", "gpu-sm-clock", lambda t: t * 0 + mhz),
                )
            )
        )

    assert (clocked(1410), clocked(1980)) == (set(), {"JM-COHERENT"})


def test_answers_out_of_a_cache(a100: Case) -> None:
    def cached(trace: Trace, share: float) -> Trace:
        queries = []
        for one in trace.queries:
            short = [max(round(length * share), 1) for length in one.duration_us]
            left = [before - now for before, now in zip(one.duration_us, short, strict=True)]
            gaps = [one.gap_us[0], *(gap + more for gap, more in zip(one.gap_us[1:], left, strict=False))]
            queries.append(Queries(duration_us=tuple(short), gap_us=tuple(gaps)))
        return replace(trace, queries=tuple(queries))

    finding = told(measuring(a100, lambda trace: cached(trace, 0.2)))["JM-LATENCY-SUM"]
    assert number_in(finding, "busy_s") < 0.5 * number_in(finding, "window_s")
    assert "JM-LATENCY-SUM" not in told(measuring(a100, lambda trace: cached(trace, 0.7)))


def test_evidence_is_something_that_json_can_say(a100: Case) -> None:
    lies = (
        stating(a100, device={"mig": True}),
        measuring(a100, lambda trace: scaled(trace, 2.0)),
        stating(a100, peak_memory_bytes=1),
        stating(a100, totals=replace(a100.predicate.totals, energy_per_query_j=1.0)),
        stating(a100, windows=a100.predicate.windows[:1], absent={}, quality=()),
    )
    for lie in lies:
        found = told(lie)
        assert found
        for finding in found.values():
            json.dumps(dict(finding.evidence), allow_nan=False)
            assert finding.sentence.endswith(".")


def by_edition(case: Case, edition: int) -> tuple[Term, ...]:
    """The case's budget as an agent of this edition of the sensors' table signs it."""
    assert case.read is not None
    assert case.read.mean_power_w is not None
    method = tuple(term for term in case.predicate.budget if term.name not in SENSOR_TERMS)
    return method + sensor_terms(
        case.predicate.sensor,
        board_name=case.predicate.device.name,
        mean_power_w=case.read.mean_power_w,
        edition=edition,
    )


@pytest.mark.parametrize("name", ["a100", "l4", "rtx-3090"])
def test_a_budget_that_was_signed_by_the_first_table_of_sensors_stays_valid(name: str) -> None:
    case = honest()[name]
    assert case.predicate.budget == by_edition(case, 2)
    assert [term.name for term in case.predicate.budget][-2:] == ["gain", "offset"]
    old = stating(case, budget=by_edition(case, 1))
    assert [(term.name, term.relative) for term in old.predicate.budget][-1] == ("gain", 0.025)
    assert told(old) == {}


def test_a_sensor_term_of_no_table_is_not_believed(a100: Case) -> None:
    today, old = by_edition(a100, 2), by_edition(a100, 1)
    wrong = {
        "the old scale with a zero": (*old, today[-1]),
        "today's scale without one": today[:-1],
        "a smaller scale": (*today[:-2], replace(today[-2], relative=today[-2].relative / 10), today[-1]),
        "a smaller zero": (*today[:-1], replace(today[-1], relative=today[-1].relative / 10)),
        "no sensor": today[:-2],
    }
    for what, budget in wrong.items():
        assert "JM-UNCERTAINTY" in told(stating(a100, budget=budget)), what
    other = honest()["rtx-3090"]
    assert other.predicate.budget[-2].relative < today[-2].relative, (
        "of the RTX 3090 five boards were measured"
    )
    assert "JM-UNCERTAINTY" in told(
        stating(a100, budget=(*today[:-2], other.predicate.budget[-2], today[-1]))
    )


def test_a_burst_warms_nothing_and_a_window_does(a100: Case) -> None:
    cold = measuring(a100, lambda trace: reading(trace, "gpu-temperature", lambda _, c: c * 0 + 45))
    assert a100.predicate.idle is not None
    idle_w = a100.predicate.idle.before_w

    def lasting(seconds: float) -> Case:
        windows = tuple(
            replace(one, end_s=one.start_s + seconds, energy_gross_j=(idle_w + 200.0) * seconds)
            for one in cold.predicate.windows
        )
        return stating(cold, windows=windows)

    assert "JM-CONSTANT" not in told(lasting(0.03))
    assert "JM-CONSTANT" in told(lasting(6.0))


def before_the_derivative(case: Case, **changes: Any) -> Case:
    """As agents stated it that had no estimator `derivative` yet."""
    estimates = {name: joules for name, joules in case.predicate.estimates.items() if name != "derivative"}
    missing = {name: why for name, why in case.predicate.not_estimated.items() if name != "derivative"}
    return stating(case, **{"estimates": estimates, "not_estimated": missing, "comparisons": (), **changes})


@pytest.mark.parametrize("name", ["a100", "rtx-3090", "l4"])
def test_an_agent_without_the_third_estimator_is_not_asked_for_it(name: str) -> None:
    old = before_the_derivative(honest()[name])
    assert told(old) == {}
    apart = measuring(old, lambda trace: reading(trace, "gpu-throttle", lambda _, mask: mask | 0x200))
    unstated = before_the_derivative(apart, flags=())
    assert "JM-FLAGS" not in told(unstated), "it did not know the bit"
    assert "JM-FLAGS" in told(stating(apart, flags=())), "today's agent does"


def test_how_estimators_differ_is_recomputed(a100: Case) -> None:
    stated = a100.predicate.comparisons
    assert stated
    wrong = {
        "none": (),
        "smaller": (replace(stated[0], relative=stated[0].relative / 2 - 1e-3), *stated[1:]),
        "wider": (replace(stated[0], joint=stated[0].joint * 2 + 1e-3), *stated[1:]),
        "another": (replace(stated[0], estimator="another"), *stated[1:]),
    }
    for what, comparisons in wrong.items():
        assert "JM-UNCERTAINTY" in told(stating(a100, comparisons=comparisons)), what


@pytest.mark.parametrize(("scale", "dirty"), [(1.05, False), (2.0, True)])
def test_a_difference_is_flagged_with_its_number_and_puts_aside_beyond_the_results_interval(
    a100: Case, scale: float, *, dirty: bool
) -> None:
    """A power reading that is 5 % off is within what the board's sensor may be off by, and one of twice is not."""
    from joulemark.rules.judge import judge

    apart = measuring(a100, lambda trace: reading(trace, "gpu-power-instant", lambda _, mw: mw * scale))
    findings = {finding.code: finding for finding in judge(apart).findings}
    assert findings["JM-ESTIMATORS"].severity == "flag"
    assert findings["JM-ESTIMATORS"].evidence["estimator"] == "power"
    assert abs(float(findings["JM-ESTIMATORS"].evidence["relative"] or 0)) > 0.02
    assert ("JM-DIRTY" in findings) == dirty
