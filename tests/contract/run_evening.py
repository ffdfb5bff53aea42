"""The real command line with models that only take time, and in `JOULEMARK_TEST_CARD` draw power of a simulated card.

Everything else is the agent's own: suite and lock, the hub, tickets, the meter, signing, sending. The first and the
longest pause of its patience are `JOULEMARK_TEST_PAUSES` (JSON).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS.parent / "simulation"))

from joulemark import workloads
from joulemark.cli import main
from joulemark.patience import Pauses
from joulemark.session import control_runs, query_turns, run
from joulemark.session.fetch import is_of_hub

if TYPE_CHECKING:
    from joulemark.suite import Job, Suite

QUERY_S = 0.05
WATTS = 300.0
TOKENS = 7
CONTROL_S = 1.0
CARD = os.environ.get("JOULEMARK_TEST_CARD")


class Busy:
    """What draws power: the card's, or this processor's."""

    def run(self, seconds: float) -> None:
        """Draw power for so long."""
        if CARD is None:
            ends_s = time.process_time() + seconds / 20
            while time.process_time() < ends_s:
                sum(range(1000))
            return
        draw(WATTS, seconds)


def draw(watts: float, seconds: float) -> None:
    """The card draws `watts` for so long."""
    from joulemark_simulation.nvml.clock import Clock

    with Clock(Path(os.environ["NVML_SIM_CLOCK"])).load(watts):
        time.sleep(seconds)


class Work:
    """A model that says the same of every query."""

    def __init__(self, suite: Suite, job: Job) -> None:
        assert is_of_hub(suite, job)
        self._suite, self._job = suite, job

    def load(self) -> SimpleNamespace:
        return SimpleNamespace(
            weights_sha256=self._suite.weights_sha256(self._job.model),
            parameters=self._suite.model(self._job.model).parameters,
            dtype=self._suite.protocol.dtype or "float32",
            device="cpu" if CARD is None else "cuda",
        )

    def queries(self, sample: Any) -> list[SimpleNamespace]:
        return [SimpleNamespace(id=query_id, inputs={"text": query_id}) for query_id in sample.query_ids]

    def answer(self, query: SimpleNamespace) -> SimpleNamespace:
        Busy().run(QUERY_S)
        return SimpleNamespace(
            query_id=query.id, value=f"{self._job.model} {query.id}", output_tokens=TOKENS, input_tokens=3
        )

    def quality(self, *_: object) -> list[object]:
        return []

    missing_quality = quality

    def peak_memory_bytes(self) -> int | None:
        return None if CARD is None else 10**9

    def finish(self) -> None:
        """Nothing is held."""

    synchronise = finish


def install() -> None:
    """Put the models and the pauses where the agent looks for them."""
    vars(workloads).update(
        open_workload=lambda suite, job, **_: Work(suite, job),
        available=lambda *_, **__: None,
        run_first_kernel=lambda device, _gpu=None: f"Nothing computes on {device}.",
        busy_kernel=lambda _device: Busy(),
    )
    if CARD is not None:
        from joulemark_simulation.nvml.control import SimulatedControl

        vars(workloads).update(control_kernel=lambda _device, **shape: SimulatedControl(draw, **shape))
        vars(control_runs).update(MOST_S=CONTROL_S)
        query_turns.COUNTER_PERIODS = 20
    if pauses := os.environ.get("JOULEMARK_TEST_PAUSES"):
        first_s, longest_s = json.loads(pauses)
        vars(run).update(LONG=Pauses(first_s=first_s, longest_s=longest_s))


if __name__ == "__main__":
    install()
    sys.exit(main())
