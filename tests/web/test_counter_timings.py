"""How counters keep time: medians of what probes found, read from traces without their readings."""

from __future__ import annotations

import msgspec
import pytest

from joulemark.record.trace import Timing
from joulemark_simulation.result_rows import Run, demo_catalog, make_result
from measurements.catalog.models import HardwareClass
from measurements.summaries.counter_timings import read_counter_timings, timings_of


def trace(*streams: tuple[str, int, str] | None) -> bytes:
    """A trace with a stream for each (name, period in ms, coverage); None: one without a probe."""
    listed = []
    for stream in streams:
        name, period_ms, coverage = stream or ("cpu", 1, "full")
        timing = {
            "period_us": period_ms * 1000, "settle_us": 500_000, "delay_us": -10_000, "coverage": coverage
        }  # fmt: skip
        listed.append(
            {"name": name, "scope": "gpu", "t_us": [0] * 1000, **({"timing": timing} if stream else {})}
        )
    return msgspec.json.encode({"version": 1, "streams": listed, "spans": [], "queries": []})


def test_the_median_of_the_probes_is_shown_and_coverage_only_where_they_agree() -> None:
    traces = [
        trace(("gpu", 20, "full"), None),
        trace(("gpu", 100, "full")),
        trace(("gpu", 90, "part-time"), ("memory", 50, "full")),
    ]
    gpu, memory = timings_of(traces=traces)
    assert (gpu.name, gpu.n_results, gpu.period_s, gpu.coverage) == ("gpu", 3, 0.09, "")
    assert (gpu.settle_s, gpu.delay_s) == (0.5, -0.01)
    assert (memory.name, memory.n_results, memory.coverage) == ("memory", 1, "full")
    assert timings_of(traces=[trace(None)]) == []
    assert timings_of(traces=[]) == []


def test_what_is_decoded_is_what_a_trace_may_state() -> None:
    assert {field.name for field in msgspec.structs.fields(Timing)} >= {
        *("period_us", "settle_us", "delay_us", "coverage"),
    }


@pytest.mark.django_db
def test_results_without_a_probe_say_nothing() -> None:
    demo_catalog()
    make_result(Run(grade="measured", scope="gpu", hardware="GPU X"))
    assert read_counter_timings(HardwareClass.objects.get(title="GPU X")) == []
