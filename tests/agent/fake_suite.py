"""A suite of three tiny jobs, and a workload that really burns a little CPU time. No model, no data set."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from joulemark.errors import UsageError
from joulemark.suite import DataSet, Job, Model, Prompt, Protocol, Sample, Suite, Task
from joulemark.suite.errors import UnknownSuite

WEIGHTS = "ab" * 32


JOBS = (
    Job(task="sorting", dataset="numbers", model="small"),
    Job(task="sorting", dataset="numbers", model="large"),
    Job(task="writing", dataset="letters", model="small"),
)
"""The jobs in the order in which a run takes them."""


def suite() -> Suite:
    """Two data sets of ten rows, two models, three jobs."""
    return Suite(
        name="tiny",
        version="1",
        title="Tiny",
        digest="cd" * 32,
        protocol=Protocol(
            queries=5,
            windows_min=3,
            windows_max=4,
            warmup_queries=2,
            idle_s=0.001,
            half_width_target=0.5,
            budget_s=30.0,
        ),
        tasks=tuple(
            Task(id=name, title=name, modality="text-to-text", quality_metrics=("accuracy",))
            for name in ("sorting", "writing")
        ),
        datasets=(_dataset("numbers", "sorting"), _dataset("letters", "writing")),
        models=(_model("small"), _model("large")),
        jobs=JOBS,
        contents={name: _rows(name) for name in ("numbers", "letters")},
    )


def _dataset(name: str, task: str) -> DataSet:
    return DataSet(
        id=name,
        task=task,
        title=name,
        file=f"{name}.jsonl",
        rows="prompts",
        revision="12" * 32,
        licence="CC0-1.0",
        source="made here",
    )


def _model(name: str) -> Model:
    return Model(
        id=name,
        title=name,
        kind="task-specific",
        parameters=1000,
        package=name,
        revision="1",
        module=name,
        weights="weights",
        weights_sha256=WEIGHTS,
        licence="CC0-1.0",
        source="made here",
    )


def _rows(name: str) -> tuple[Prompt, ...]:
    return tuple(Prompt(id=f"{name}-{n}", prompt=str(n), accepted=(str(n),)) for n in range(10))


class Workload:
    """`JOULEMARK_TEST_STOP=MODEL:TASK:N:SIGNAL` ends the process at the Nth answer of that job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.answers = 0
        stop = os.environ.get("JOULEMARK_TEST_STOP", ":::").split(":")
        self._stop_at = int(stop[2]) if stop[:2] == [job.model, job.task] else None
        self._signal = stop[3]

    def load(self) -> SimpleNamespace:
        return SimpleNamespace(weights_sha256=WEIGHTS, parameters=1000, dtype="float32", device="cpu")

    def queries(self, sample: Sample) -> list[SimpleNamespace]:
        return [SimpleNamespace(id=query_id, inputs={"text": query_id}) for query_id in sample.query_ids]

    def answer(self, query: SimpleNamespace) -> SimpleNamespace:
        self.answers += 1
        if error := TROUBLES.get(self.job.key):
            raise error
        if self.answers == self._stop_at:
            os.kill(os.getpid(), signal.Signals[self._signal])
        total = sum(range(3000 if self.job.model == "small" else 9000))
        tokens = 7 if self.job.task == "writing" else None
        return SimpleNamespace(query_id=query.id, value=total, output_tokens=tokens, input_tokens=3)

    def missing_quality(self, _queries: object, _outputs: object) -> list[SimpleNamespace]:
        return []

    def peak_memory_bytes(self) -> None:
        """A CPU does not count it."""

    def finish(self) -> None:
        """Nothing is held."""

    def synchronise(self) -> None:
        """Nothing runs elsewhere."""

    def quality(self, queries: list[SimpleNamespace], _outputs: object) -> list[SimpleNamespace]:
        return [SimpleNamespace(metric="accuracy", value=1.0, n=len(queries), higher_is_better=True)]


TROUBLES: dict[str, Exception] = {}
"""What is raised at the first answer of a job, by its key."""

MISSING: dict[str, str] = {}
"""Sentences by job key, for jobs whose packages are to be missing."""


def install(setattr_: Callable[[Any, str, Any], object]) -> None:
    """Put suite and workload where the agent looks for them, by `setattr_(module, name, value)`."""
    from joulemark import workloads
    from joulemark.session import suite_source
    from joulemark.session.suite_source import ObtainedSuite

    def find(name: str, **_: object) -> ObtainedSuite:
        if name != "demo":
            raise UsageError(str(UnknownSuite(name, ["demo"])))
        return ObtainedSuite(suite=suite(), name=name, source="software", files={})

    setattr_(suite_source, "obtain_suite", find)
    setattr_(suite_source, "find_suite", find)
    setattr_(workloads, "run_first_kernel", lambda device, _gpu=None: f"Nothing computes on {device}.")
    setattr_(workloads, "open_workload", lambda _suite, job, **_: Workload(job))
    setattr_(workloads, "available", lambda _suite, job, **_: MISSING.get(job.key))
