"""The control kernel of a session on a GPU: what torch computes, what is recorded, what becomes of a failure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from joulemark import workloads
from joulemark.record import trace as traces
from joulemark.record.control import copy_bytes, left_row, right_column, sample_places
from joulemark.rules.control_answers import elements, product_sample
from joulemark.session.control_runs import LEAST_S, MOST_S, ControlRuns, control_seconds
from joulemark.workloads.control_kernel import TorchControl
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.control import FLOP_S, WATTS
from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor
from tests.agent.gpu_sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.record.control import Control
    from joulemark.record.statement import Predicate
    from joulemark.record.trace import BusyKind, Trace

SIDE = 64
RUN = ("run", "--offline", "--meter", "nvml", "--only", "writing/*")


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    with Sessions(scenario()) as running:
        yield running


def scenario() -> Scenario:
    return Scenario(
        card=A100.full(),
        by_activity=True,
        idle=Idle(watts=60.0, extra_w=5.0, decay_s=10.0, warm_s=5.0),
        sensor=Sensor(noise_w=1.0),
    )


def measured(sessions: Sessions, home: Path, **environment: str) -> tuple[Predicate, Trace]:
    ended = sessions.run(home, scenario(), *RUN, environment=environment)
    assert ended.code == 0, ended.err
    (result,) = ended.results()
    return result.bundle.statement().predicate, traces.parse(traces.unpack(result.bundle.trace))


def stated(predicate: Predicate) -> Control:
    control: Any = predicate.control
    assert control, predicate.absent.get("control")
    return control


def test_a_sample_is_that_of_the_whole_product() -> None:
    left = np.stack([elements(left_row(5, row, side=SIDE)) for row in range(SIDE)])
    right = np.stack([elements(right_column(5, column, side=SIDE)) for column in range(SIDE)]).T
    assert (left.min(), left.max()) == (-8, 7)
    product = left @ right
    samples = set()
    for products in (1, 2):
        rows, columns = sample_places(5, "first", products=products, side=SIDE)
        sample = product_sample(5, "first", products=products, side=SIDE)
        assert sample == tuple(product[np.ix_(rows, columns)].ravel().tolist())
        samples.add(sample)
    samples |= {
        product_sample(5, "last", products=1, side=SIDE),
        product_sample(6, "first", products=1, side=SIDE),
    }
    assert len(samples) == 4, "each run of each session has its own"


def test_torch_multiplies_exactly_and_gives_its_memory_back() -> None:
    import torch

    kernel = TorchControl("cpu", side=SIDE, seed=5, torch=torch)
    kernel.load()
    products, copies = kernel.run("products", 0.01), kernel.run("copies", 0.01)
    assert min(products, copies) > 0
    assert kernel.sample("last", products) == product_sample(5, "last", products=products, side=SIDE)
    kernel.release()
    assert not kernel._tensors
    assert kernel.peak_beside(None) is None


def test_a_session_states_its_energy_per_operation(sessions: Sessions, tmp_path: Path) -> None:
    predicate, trace = measured(sessions, tmp_path)
    control = stated(predicate)
    assert (control.side, control.copy_bytes) == (4096, copy_bytes(4096))
    assert [span.kind for span in trace.spans if span.kind not in {"rest", "window"}] == [
        "warm-up", "warm-up", "control", "control", "idle-before", "warm-up", "control", "control", "idle-after",
    ]  # fmt: skip
    for run in control.runs:
        assert run.products_s == pytest.approx(MOST_S / 2, rel=0.01)
        assert run.products_s / run.products == pytest.approx(2 * 4096**3 / FLOP_S, rel=1e-3)
        assert run.products_j / run.products_s == pytest.approx(WATTS["products"], rel=0.005)
        assert run.copies_j / run.copies_s == pytest.approx(WATTS["copies"], rel=0.005)
        assert 0 < max(run.products_u, run.copies_u) < 0.01
    assert predicate.totals.energy_per_query_j == pytest.approx(300.0 * 0.05, rel=0.005)
    assert predicate.flags == ()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("memory", "out-of-memory"), ("kernel", "kernel-failed"), ("torch", "torch-not-used")],
)
def test_a_kernel_that_fails_costs_no_result(
    sessions: Sessions, tmp_path: Path, fault: str, reason: str
) -> None:
    predicate, _ = measured(sessions, tmp_path, JOULEMARK_TEST_CONTROL=fault)
    assert predicate.control is None
    assert predicate.absent["control"] == reason
    assert predicate.totals.energy_per_query_j == pytest.approx(300.0 * 0.05, rel=0.005)


def test_the_jobs_of_a_session_share_its_time() -> None:
    assert [control_seconds(jobs) for jobs in (0, 1, 2, 4, 20, 88)] == [
        MOST_S,
        MOST_S,
        MOST_S,
        5.0,
        LEAST_S,
        LEAST_S,
    ]


def test_what_the_kernel_takes_is_no_memory_of_the_model() -> None:
    class Kernel:
        def peak_beside(self, peak_bytes: int | None) -> int | None:
            return TorchControl.peak_beside(self, peak_bytes)  # type: ignore[arg-type]

        _peaks = (7, 9)

    kernel: Any = Kernel()
    runs = ControlRuns(kernel, side=2048, seconds=1.0, reason=None)
    assert [runs.peak_beside(peak) for peak in (3, 12, None)] == [9, 12, None]


def test_memory_is_given_back_where_the_counter_fails() -> None:
    given_back: list[str] = []

    class Kernel:
        def load(self) -> None:
            """Nothing."""

        def release(self) -> None:
            given_back.append("all")

    def end(_kind: BusyKind, _start_us: int) -> None:
        raise workloads.WorkloadError("The sensor is gone.")

    kernel: Any = Kernel()
    runs = ControlRuns(kernel, side=2048, seconds=1.0, reason=None)
    with pytest.raises(workloads.WorkloadError):
        runs.run("first", begin=lambda: 0, rest=lambda: 0, end=end)
    assert given_back == ["all"]
