"""The control kernel within a session: when it runs, for how long, and what the statement says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from msgspec import UNSET

from joulemark import workloads
from joulemark.energy.control_energy import control_energies
from joulemark.energy.errors import EnergyError
from joulemark.record.control import (
    Control,
    ControlRun,
    ControlSide,
    ControlTime,
    ControlWork,
    control_side,
    copy_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msgspec import UnsetType

    from joulemark.meters.meter import Meter
    from joulemark.record.statement import Sensor
    from joulemark.record.trace import BusyKind, Timing, Trace
    from joulemark.workloads import ControlKernel

MOST_S, LEAST_S = 10.0, 1.0
"""The first run of the kernel in a job lasts so long, and the last one too."""
SESSION_S = 20.0
"""What the first runs of all jobs of a session last together, unless that is below `LEAST_S` each."""
NOT_TIMED = "counter-not-timed"
NOT_MEASURABLE = "not-measurable"
FAULTS = (ArithmeticError, AssertionError, LookupError, MemoryError, RuntimeError, TypeError, ValueError)
"""What torch raises over a device that cannot run the kernel: the job goes on without it."""


@dataclass(frozen=True, kw_only=True)
class ControlCount:
    """One run of the kernel: how many products and copies, and the sample of the product."""

    when: ControlTime
    products: int
    copies: int
    sample: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ControlOutcome:
    """What ran, on matrices of `side` x `side`; `reason` says why some of it did not."""

    side: ControlSide
    counts: tuple[ControlCount, ...]
    reason: str | None


def control_seconds(jobs: int) -> float:
    """How long the kernel runs first, and again last, in each of so many jobs of a session."""
    return min(MOST_S, max(LEAST_S, SESSION_S / max(jobs, 1)))


class ControlRuns:
    """The kernel's runs in one job, `seconds` each: half of it products, half copies."""

    def __init__(
        self, kernel: ControlKernel | None, *, side: ControlSide, seconds: float, reason: str | None
    ) -> None:
        self._kernel, self._side, self._work_s = kernel, side, seconds / len(get_args(ControlWork))
        self._counts: list[ControlCount] = []
        self._reason = reason

    def run(
        self,
        when: ControlTime,
        *,
        begin: Callable[[], int],
        rest: Callable[[], int],
        end: Callable[[BusyKind, int], None],
    ) -> None:
        """Load the kernel, let each kind of its work run behind a rest, and give its memory back.

        `begin` and `rest` return when the loading or the next work begins, in microseconds; `end` closes the span of
        this kind that began then. A kernel that fails is not run again, and the job goes on.
        """
        kernel = self._kernel
        if kernel is None or self._reason is not None:
            return
        try:
            start_us = begin()
            try:
                kernel.load()
            finally:
                end("warm-up", start_us)
            counts = {work: self._run_work(kernel, work, rest, end) for work in get_args(ControlWork)}
            sample = kernel.sample(when, counts["products"])
            self._counts.append(
                ControlCount(when=when, products=counts["products"], copies=counts["copies"], sample=sample)
            )
        except FAULTS as error:
            no_memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
            self._reason = "out-of-memory" if no_memory else "kernel-failed"
        finally:
            kernel.release()

    def _run_work(
        self,
        kernel: ControlKernel,
        work: ControlWork,
        rest: Callable[[], int],
        end: Callable[[BusyKind, int], None],
    ) -> int:
        start_us = rest()
        try:
            return kernel.run(work, self._work_s)
        finally:
            end("control", start_us)

    def outcome(self) -> ControlOutcome:
        """What ran."""
        return ControlOutcome(side=self._side, counts=tuple(self._counts), reason=self._reason)

    def peak_beside(self, peak_bytes: int | None) -> int | None:
        """The most memory that tensors took beside the kernel, where `peak_bytes` is that since its last run."""
        return peak_bytes if self._kernel is None else self._kernel.peak_beside(peak_bytes)


def open_control(
    meter: Meter,
    timings: Sequence[Timing | None],
    *,
    device: str,
    memory_bytes: int | None,
    seed: int,
    seconds: float,
) -> ControlRuns | None:
    """The kernel of a job on a GPU; None on a processor, which has none."""
    if meter.gpu is None:
        return None
    side, kernel, reason = control_side(memory_bytes), None, None
    if not any(timings):
        reason = NOT_TIMED
    else:
        try:
            kernel = workloads.control_kernel(device, side=side, seed=seed)
        except workloads.WorkloadError:
            reason = "torch-not-used"
    return ControlRuns(kernel, side=side, seconds=seconds, reason=reason)


def stated_control(
    outcome: ControlOutcome | None, trace: Trace, sensor: Sensor
) -> tuple[Control | UnsetType | None, str]:
    """The statement's field, with the energies that the trace gives, and why it is null where it is."""
    if outcome is None:
        return UNSET, ""
    times, works = get_args(ControlTime), get_args(ControlWork)
    if outcome.reason is not None or len(outcome.counts) != len(times):
        return None, outcome.reason or "kernel-failed"
    try:
        energies = control_energies(trace, sensor)
    except EnergyError:
        return None, NOT_MEASURABLE
    runs = []
    for number, count in enumerate(outcome.counts):
        products, copies = energies[number * len(works) : (number + 1) * len(works)]
        runs.append(
            ControlRun(
                when=count.when,
                products=count.products,
                products_s=products.seconds,
                products_j=products.energy_j,
                products_u=products.u,
                copies=count.copies,
                copies_s=copies.seconds,
                copies_j=copies.energy_j,
                copies_u=copies.u,
                sample=count.sample,
            )
        )
    return Control(version=1, side=outcome.side, copy_bytes=copy_bytes(outcome.side), runs=tuple(runs)), ""
