"""What the rules look at: a result's own words, its evidence, and what the platform knows beside them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.errors import EnergyError
from joulemark.record.statement import offline_seed
from joulemark.rules.hardware import Gpu, gpu_of
from joulemark.rules.noise_print import noise_print

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from joulemark.energy.accumulate import Readings
    from joulemark.energy.streams import ReadStream
    from joulemark.record.statement import Predicate, Statement
    from joulemark.record.trace import Trace
    from joulemark.suite import Job, Sample, Suite


@dataclass(frozen=True)
class TicketFacts:
    """The ticket as the platform gave it."""

    id: str
    nonce: str
    sample_seed: int
    task: str
    dataset: str
    model: str
    device_tag: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Context:
    """What the platform knows. `suite` is the one with the digest that the result names, None if there is none.

    `same_trace_as` is the id of an earlier result with the same trace, `same_times_as` that of one whose trace has the
    same `times_sha256`, `same_noise_as` that of one whose `noise_print` is alike; None if there is none. `others` are
    other contributors whose results of the same job were not rejected: `inputs_by_others` says how many of them state
    each `inputs_sha256` for the same sample; `answers_by_others`, by query id, how many give an answer of each short
    digest; `quality_by_others`, by metric, the value of each, one a contributor, and `quality_sizes_by_others` over how
    many answers it is. `tickets_unreported`: tickets that the same contributor took for this job and device before this
    one, and of which no result came. `device_shared_with`: how many other contributors report the same device tag.
    """

    received_at: datetime
    audience: str
    public_key: str | None
    key_revoked: bool
    ticket: TicketFacts | None
    suite: Suite | None
    same_trace_as: str | None
    inputs_by_others: Mapping[str, int] = field(default_factory=dict)
    same_times_as: str | None = None
    same_noise_as: str | None = None
    answers_by_others: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    quality_by_others: Mapping[str, Sequence[float]] = field(default_factory=dict)
    quality_sizes_by_others: Mapping[str, Sequence[int]] = field(default_factory=dict)
    tickets_unreported: int = 0
    device_shared_with: int = 0


@dataclass(frozen=True)
class Case:
    """A result whose bytes decoded and whose digests fit, with the context it is judged in."""

    statement: Statement
    trace: Trace
    context: Context

    @property
    def predicate(self) -> Predicate:
        """The predicate of the statement: what the volunteer says about the run."""
        return self.statement.predicate

    @cached_property
    def job(self) -> Job | None:
        """The suite's job that was run, None where there is none."""
        suite, work = self.context.suite, self.predicate.workload
        key = (work.task, work.dataset, work.model)
        jobs = suite.jobs if suite else ()
        return next((job for job in jobs if (job.task, job.dataset, job.model) == key), None)

    @cached_property
    def sample(self) -> Sample | None:
        """The queries that had to be asked; None where the platform does not know suite or data set, or no revision."""
        suite, predicate = self.context.suite, self.predicate
        if suite is None or not any(
            d.id == predicate.workload.dataset and d.is_pinned for d in suite.datasets
        ):
            return None
        dataset = predicate.workload.dataset
        count = suite.queries_per_window(dataset)
        if suite.protocol.runs_parts:
            count = min(count, sum(len(queries.duration_us) for queries in self.trace.queries)) or 1
        return suite.sample(dataset, seed=self.seed, count=count)

    @property
    def seed(self) -> int:
        """What chose the queries, or their order."""
        ticket = self.context.ticket
        return ticket.sample_seed if ticket else offline_seed(self.predicate.nonce)

    @cached_property
    def places(self) -> tuple[int, ...] | None:
        """Where each query of the population, in the order drawn, stands in the data set.

        None as `sample` is, and where windows run whole samples.
        """
        suite = self.context.suite
        if self.sample is None or suite is None or not suite.protocol.runs_parts:
            return None
        return suite.places(self.predicate.workload.dataset, self.seed)

    @cached_property
    def energy(self) -> Analysis | EnergyError:
        """What the trace says, recomputed; or why it says nothing."""
        try:
            return analyse(self.trace, self.predicate.sensor, board_name=self.predicate.device.name)
        except EnergyError as error:
            return error

    @property
    def read(self) -> Analysis | None:
        """The same, None where the trace says nothing: JM-TRACE-GAPS says so."""
        return None if isinstance(self.energy, EnergyError) else self.energy

    @cached_property
    def board(self) -> ReadStream | None:
        """A GPU's own counter, which keeps time in steps; None where the headline has none."""
        streams = self.read.streams if self.read else ()
        return next(
            (stream for stream in streams if stream.scope == "gpu" and stream.settling is not None), None
        )

    @cached_property
    def busy_s(self) -> float:
        """How long queries ran, of all windows together."""
        return sum(sum(queries.duration_us) for queries in self.trace.queries) / 1e6

    def in_windows(self, read: Readings, *, late_s: float = 0.0) -> NDArray[np.float64]:
        """The values of a gauge that were read inside the windows, from `late_s` after their beginning on."""
        return self.within(read, "window", late_s=late_s)

    def within(self, read: Readings, *kinds: str, late_s: float = 0.0) -> NDArray[np.float64]:
        """The values of a gauge that were read inside spans of these kinds."""
        spans = [span for span in self.trace.spans if span.kind in kinds]
        firsts = np.searchsorted(read[0], [span.start_us / 1e6 + late_s for span in spans], side="left")
        behind = np.searchsorted(read[0], [span.end_us / 1e6 for span in spans], side="right")
        parts = [read[1][first:last] for first, last in zip(firsts, behind, strict=True)]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def times_sha256(self) -> str:
        """SHA-256 over the times of all counters: two runs never share it, and a trace that was scaled keeps it."""
        digest = hashlib.sha256()
        for stream in self.trace.streams:
            digest.update(np.asarray(stream.t_us, dtype="<i8").tobytes())
        return digest.hexdigest()

    @cached_property
    def noise(self) -> bytes:
        """The print of the run's noise, empty where there is too little of it to tell."""
        return noise_print(self.trace)

    def knowing(self, **facts: Any) -> Case:
        """The same result beside other facts of `Context`; what its bytes alone say is not computed again."""
        case = Case(self.statement, self.trace, replace(self.context, **facts))
        case.__dict__.update({name: self.__dict__[name] for name in BY_BYTES if name in self.__dict__})
        return case

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The answers' short digests, in the sample's order."""
        return self.trace.answer_digests()

    @cached_property
    def gpu(self) -> Gpu | None:
        """What is known of the device's model, None where nothing is."""
        device = self.predicate.device
        return gpu_of(device.name) if device.kind == "gpu" else None


BY_BYTES = ("answers", "board", "busy_s", "energy", "gpu", "noise", "times_sha256")
"""What of a case follows from the result's bytes, whatever the platform knows."""
