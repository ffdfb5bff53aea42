"""The real command line on a machine of its own, with models whose queries take the same processor time anywhere.

JOULEMARK_TEST_MACHINE is the machine's identity, JOULEMARK_TEST_QUERY_MS the processor time of one query. Suite,
sensor, rules, statement and sending are the real ones; no library that runs models is loaded.
"""

from __future__ import annotations

import os
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from joulemark import workloads
from joulemark.cli import main
from joulemark.session import plan

if TYPE_CHECKING:
    from joulemark.suite import Job, Sample, Suite

QUERY_NS = int(float(os.environ["JOULEMARK_TEST_QUERY_MS"]) * 1e6)


class Steady:
    """Spins until this process has used the time: whoever else works on the machine changes nothing."""

    def __init__(self, suite: Suite, job: Job) -> None:
        self.suite, self.job = suite, job

    def load(self) -> Any:
        return SimpleNamespace(
            weights_sha256=self.suite.weights_sha256(self.job.model),
            parameters=self.suite.model(self.job.model).parameters,
            dtype="float32",
            device="cpu",
        )

    def queries(self, sample: Sample) -> list[Any]:
        return [SimpleNamespace(id=query_id, inputs={"text": query_id}) for query_id in sample.query_ids]

    def answer(self, query: Any) -> Any:
        end_ns = time.process_time_ns() + QUERY_NS
        while time.process_time_ns() < end_ns:
            pass
        most = self.job.max_new_tokens or self.job.max_length or 8
        tokens = min(8, most) if self.job.generates_text else None
        return SimpleNamespace(query_id=query.id, value=query.id, output_tokens=tokens, input_tokens=4)

    def quality(self, queries: list[Any], _outputs: Any) -> list[Any]:
        return [
            SimpleNamespace(metric=metric, value=0.8, n=len(queries), higher_is_better=True)
            for metric in self.suite.quality_metrics(self.job.dataset)
        ]

    def missing_quality(self, _queries: Any, _outputs: Any) -> list[Any]:
        return []

    def peak_memory_bytes(self) -> None:
        """A processor does not count it."""

    def synchronise(self) -> None:
        """Nothing runs elsewhere."""

    def finish(self) -> None:
        """Nothing is held."""


if __name__ == "__main__":
    vars(workloads).update(
        available=lambda *_, **__: None,
        run_first_kernel=lambda *_: "A test.",
        open_workload=lambda suite, job, **_: Steady(suite, job),
    )
    vars(plan).update(machine_identity=lambda _folders: os.environ["JOULEMARK_TEST_MACHINE"])
    sys.exit(main())
