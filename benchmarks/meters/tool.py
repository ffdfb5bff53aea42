"""What a meter is to this benchmark, and how the user of one that knows only windows measures a workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from benchmarks.meters.virtual import VirtualTime, Window
    from benchmarks.meters.workloads import Workload

PAUSE_S = (0.05, 0.15)  # between repetitions, at random: no meter suffers from beating by accident


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a tool says of a workload: `energy_j` over all `truth_windows`, or None and why it cannot say, in `note`.

    The windows are those that the tool was asked about; the true energy is the integral over exactly them. There are
    none where it was asked about nothing. `preparation_s` went by before the session, once for a card.
    """

    energy_j: float | None
    truth_windows: tuple[Window, ...]
    note: str | None = None
    preparation_s: float = 0.0


class Tool(Protocol):
    """A meter. NVML finds the simulated card while `measure` runs, and is shut down after it."""

    name: str

    def measure(self, time: VirtualTime, workload: Workload, rng: Random) -> Measured:
        """Run `workload` and say what its repetitions took, in joules."""
        ...


def in_windows(
    time: VirtualTime,
    workload: Workload,
    rng: Random,
    *,
    begin: Callable[[], object] = lambda: None,
    end: Callable[[], float] = lambda: 0.0,
) -> Measured:
    """As the user of a window meter does: a window around each repetition, or one around a train of fixed period.

    `end` gives the joules of the window that `begin` began; the measured energy is their sum.
    """
    energy_j = 0.0
    windows: list[Window] = []
    is_train = workload.fixed_pause_s is not None
    for _ in range(1 if is_train else workload.repetitions):
        time.pass_for(rng.uniform(*PAUSE_S))
        begin()
        windows.append(workload.run_train(time) if is_train else workload.run_once(time))
        energy_j += end()
    return Measured(energy_j=energy_j, truth_windows=tuple(windows))
