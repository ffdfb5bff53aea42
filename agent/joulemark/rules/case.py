"""The input of the rules: a result's statement, its trace, and the platform's data about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.columns import int64
from joulemark.energy.control_energy import ControlEnergy, control_energies
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
    from joulemark.rules.control_figures import ControlFigures
    from joulemark.suite import Job, Sample, Suite


@dataclass(frozen=True)
class TicketFacts:
    """The ticket as the platform issued it."""

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
class AnnouncedRuns:
    """Runs of one job that were announced before a result arrived: how many, and how many of them have no result.

    False where every run has its result. A withdrawn result is none.
    """

    unreported: int = 0
    announced: int = 0

    def __bool__(self) -> bool:
        return self.unreported > 0


@dataclass(frozen=True)
class Context:
    """The platform's data. `suite` is the one with the digest that the result names, None if there is none.

    `same_trace_as` is the id of an earlier result with the same trace, `same_times_as` of one whose trace has the same
    `times_sha256`, `same_noise_as` of one whose `noise_print` is alike; None if there is none. "Others" are other
    contributors whose results of the same job were not rejected: `inputs_by_others` has the number of them per
    `inputs_sha256` of the same sample; `answers_by_others`, by query id, the number per short answer digest;
    `quality_by_others`, by metric, one value per contributor, and `quality_sizes_by_others` its number of answers.
    `tickets_unreported` counts tickets that the same contributor took for this job and device before this result
    arrived and that have no result; `runs_of_contributor` has those for this job on whatever device, `runs_of_network`
    those of everybody who asked from the network prefix that this result's ticket was asked from.
    `device_shared_with` counts other contributors who report the same device tag.
    `controls_by_others` has the control kernel of each other contributor's latest accepted result for a GPU of the same
    design under the same power controls; `earlier_controls_by_others` counts those that arrived before this result.
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
    runs_of_contributor: AnnouncedRuns = AnnouncedRuns()
    runs_of_network: AnnouncedRuns = AnnouncedRuns()
    device_shared_with: int = 0
    controls_by_others: Sequence[ControlFigures] = ()
    earlier_controls_by_others: int = 0


@dataclass(frozen=True)
class Case:
    """A decoded result whose digests match, with its context."""

    statement: Statement
    trace: Trace
    context: Context

    @property
    def predicate(self) -> Predicate:
        """The predicate of the statement: the volunteer's description of the run."""
        return self.statement.predicate

    @cached_property
    def job(self) -> Job | None:
        """The job of the suite that was run, None if it has no such job."""
        suite, work = self.context.suite, self.predicate.workload
        key = (work.task, work.dataset, work.model)
        jobs = suite.jobs if suite else ()
        return next((job for job in jobs if (job.task, job.dataset, job.model) == key), None)

    @cached_property
    def sample(self) -> Sample | None:
        """The queries that had to run; None if suite or data set are unknown, or the data set is not pinned."""
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
        """The seed that determines the queries, or their order."""
        ticket = self.context.ticket
        return ticket.sample_seed if ticket else offline_seed(self.predicate.nonce)

    @cached_property
    def places(self) -> tuple[int, ...] | None:
        """The index in the data set of each query of the population, in the order drawn.

        None if `sample` is None, and if windows run whole samples.
        """
        suite = self.context.suite
        if self.sample is None or suite is None or not suite.protocol.runs_parts:
            return None
        return suite.places(self.predicate.workload.dataset, self.seed)

    @cached_property
    def energy(self) -> Analysis | EnergyError:
        """The analysis of the trace, or the error that prevents it."""
        try:
            return analyse(self.trace, self.predicate.sensor, board_name=self.predicate.device.name)
        except EnergyError as error:
            return error

    @cached_property
    def control_energies(self) -> tuple[ControlEnergy, ...] | EnergyError:
        """Energy of the stretches in which the control kernel ran, or the error that prevents it."""
        try:
            return control_energies(self.trace, self.predicate.sensor)
        except EnergyError as error:
            return error

    @property
    def read(self) -> Analysis | None:
        """The analysis of the trace, None if it failed, which JM-TRACE-GAPS reports."""
        return None if isinstance(self.energy, EnergyError) else self.energy

    @cached_property
    def board(self) -> ReadStream | None:
        """The stream of a GPU's own counter, which moves in steps; None if the headline has none."""
        streams = self.read.streams if self.read else ()
        return next(
            (stream for stream in streams if stream.scope == "gpu" and stream.settling is not None), None
        )

    @cached_property
    def busy_s(self) -> float:
        """Total duration of the queries of all windows, in seconds."""
        return sum(sum(queries.duration_us) for queries in self.trace.queries) / 1e6

    def in_windows(self, read: Readings, *, late_s: float = 0.0) -> NDArray[np.float64]:
        """The values of a gauge read inside the windows, from `late_s` after their start."""
        return self.within(read, "window", late_s=late_s)

    def within(self, read: Readings, *kinds: str, late_s: float = 0.0) -> NDArray[np.float64]:
        """The values of a gauge read inside spans of these kinds, from `late_s` after their start."""
        spans = [span for span in self.trace.spans if span.kind in kinds]
        firsts = np.searchsorted(read[0], [span.start_us / 1e6 + late_s for span in spans], side="left")
        behind = np.searchsorted(read[0], [span.end_us / 1e6 for span in spans], side="right")
        parts = [read[1][first:last] for first, last in zip(firsts, behind, strict=True)]
        return np.concatenate(parts) if parts else np.empty(0)

    @cached_property
    def times_sha256(self) -> str:
        """SHA-256 over the times of all counters: no two runs share it, and a scaled trace keeps it."""
        digest = hashlib.sha256()
        for stream in self.trace.streams:
            digest.update(int64(stream.t_us, of=stream.name).astype("<i8", copy=False).tobytes())
        return digest.hexdigest()

    @cached_property
    def noise(self) -> bytes:
        """The fingerprint of the run's noise, empty if there is too little noise."""
        return noise_print(self.trace)

    def knowing(self, **facts: Any) -> Case:
        """The same result with other fields of `Context`; what does not depend on these is not recomputed."""
        case = Case(self.statement, self.trace, replace(self.context, **facts))
        now, before = case.context, self.context
        names = BY_BYTES + BY_SUITE if now.suite is before.suite and now.ticket is before.ticket else BY_BYTES
        case.__dict__.update({name: self.__dict__[name] for name in names if name in self.__dict__})
        return case

    @cached_property
    def answers(self) -> tuple[str, ...]:
        """The answers' short digests, in the sample's order."""
        return self.trace.answer_digests()

    @cached_property
    def gpu(self) -> Gpu | None:
        """The data on the device's GPU model, None if there is none."""
        device = self.predicate.device
        return gpu_of(device.name) if device.kind == "gpu" else None


BY_BYTES = ("answers", "board", "busy_s", "control_energies", "energy", "gpu", "noise", "times_sha256")
"""Cached properties that depend on the result's bytes alone."""

BY_SUITE = ("job", "places", "sample")
"""Cached properties that depend on suite and ticket too."""
