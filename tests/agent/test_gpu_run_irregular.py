"""`joulemark run` on a simulated card whose counter steps every 80 to 140 ms, counts in whole joules and pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec import UNSET

from joulemark.record import trace as traces
from joulemark_simulation.nvml.cards import H100
from joulemark_simulation.nvml.scenario import Pause
from tests.agent.test_gpu_run import codes, kept, run, scenario

if TYPE_CHECKING:
    from pathlib import Path


def test_a_counter_of_whole_joules_that_steps_unevenly_and_pauses_is_measured(tmp_path: Path) -> None:
    pauses = tuple(Pause(start_s=40.0 + 13.7 * n, end_s=40.6 + 13.7 * n) for n in range(40))
    ended = run(tmp_path, scenario(H100.irregular(), counter_pauses=pauses))
    assert ended.code == 0, ended.err
    bundle = kept(ended)
    said = bundle.statement().predicate
    (board,) = traces.parse(traces.unpack(bundle.trace)).streams
    assert said.totals.energy_per_query_j == pytest.approx(300.0 * 0.05, rel=0.003)
    assert said.flags == ()
    assert {each.estimator for each in said.comparisons} == {"average", "counter", "derivative", "power"}
    assert len(board.stamp_us) == len(board.latency_us) == len(board.t_us)
    assert said.power_controls is not UNSET
    assert said.absent["power_controls.workload_profiles"] == "not-offered-by-gpu"
    assert codes(bundle) == {"JM-TICKET-NONE", "JM-TIMES"}
