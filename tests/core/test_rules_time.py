"""Company on the processor, silence in a window and a clock that stands still: flagged, and not to be hidden."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from msgspec import UNSET
from msgspec.structs import replace

from joulemark.record.trace import from_deltas, to_deltas
from joulemark_simulation.honest_cases import honest, measuring
from joulemark_simulation.trace_edits import reading
from tests.core.lies import number_in, stating, told

if TYPE_CHECKING:
    from joulemark.record.trace import Trace
    from joulemark.rules.case import Case


@pytest.fixture(scope="module")
def a100() -> Case:
    """A model of 1.7e9 parameters on an A100, float16."""
    return honest()["a100"]


def beside_others(trace: Trace, cores: float) -> Trace:
    """As if other programs had kept so many processors busy all the time."""
    return reading(trace, "cpu-foreign", lambda t_us, ms: ms + np.round(cores * t_us / 1e3).astype(np.int64))


def test_a_processor_that_others_used_is_put_aside_and_cannot_be_hidden() -> None:
    rapl = honest()["rapl"]
    busy = measuring(rapl, lambda trace: beside_others(trace, 1.0))
    assert "foreign-cpu" in busy.predicate.flags
    assert told(busy)["JM-DIRTY"].evidence["flags"] == "foreign-cpu"
    assert "foreign-cpu" in str(told(stating(busy, flags=()))["JM-FLAGS"].evidence["flags"])
    assert told(measuring(rapl, lambda trace: beside_others(trace, 0.01))) == {}


def test_processor_time_beside_rapl_is_there_where_the_agent_knows_of_it() -> None:
    rapl = honest()["rapl"]
    bare = measuring(rapl, lambda trace: replace(trace, gauges=()))
    assert told(bare)["JM-GAUGES"].evidence["missing"] == "cpu-foreign, cpu-own"
    reasons = {**rapl.predicate.not_read, "cpu-own": "no-proc-stat", "cpu-foreign": "no-proc-stat"}
    assert told(stating(bare, not_read=reasons)) == {}
    absent = {path: why for path, why in bare.predicate.absent.items() if not path.startswith("parallelism.")}
    assert told(stating(bare, parallelism=UNSET, absent=absent)) == {}, (
        "an agent that does not know of it yet"
    )


@pytest.mark.parametrize("name", ["a100", "rapl"])
def test_a_window_in_which_nobody_read_is_put_aside(name: str) -> None:
    case = honest()[name]
    span = case.trace.windows()[1]

    def silent(trace: Trace) -> Trace:
        """For two seconds at the window's beginning there is no tick: the process was stopped."""
        streams = []
        for stream in trace.streams:
            t_us, value = np.array(from_deltas(stream.t_us)), np.array(from_deltas(stream.value))
            t_us = np.where(t_us > span.start_us, t_us + 2_000_000, t_us)
            streams.append(replace(stream, t_us=to_deltas(t_us.tolist()), value=to_deltas(value.tolist())))
        return replace(
            trace,
            streams=tuple(streams),
            spans=tuple(
                replace(
                    one,
                    start_us=one.start_us + 2_000_000 * (one.start_us > span.start_us),
                    end_us=one.end_us + 2_000_000 * (one.end_us > span.start_us),
                )
                for one in trace.spans
            ),
        )

    stopped = measuring(case, silent)
    assert "missing-reading" in stopped.predicate.flags
    assert "missing-reading" in str(told(stating(stopped, flags=()))["JM-FLAGS"].evidence["flags"])


def test_a_clock_that_stood_still_in_the_run_is_put_aside(a100: Case) -> None:
    minutes = {
        at: stating(a100, started_at=a100.predicate.started_at - timedelta(minutes=at)) for at in (1, 10)
    }
    assert "JM-RUN-LENGTH" not in told(minutes[1])
    assert number_in(told(minutes[10])["JM-RUN-LENGTH"], "run_s") > 600
