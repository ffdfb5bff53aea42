"""Signed results as an honest agent states them: the one builder of statements and bundles for all that is simulated.

Whoever simulates brings a trace and says who ran what, where and when (`Run`); the rest follows by the agent's own
code, or, of a liar and of a test that needs certain numbers, is put in its place (`Measured`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from joulemark.energy.analysis import analyse
from joulemark.record import keys
from joulemark.record import statement as record
from joulemark.record import trace as traces
from joulemark.record.sealing import sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from msgspec import UnsetType

    from joulemark.record.bundle import Bundle
    from joulemark.suite import Job, Suite


def digest(*parts: object) -> str:
    """64 hex digits that depend on `parts` alone."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def nonce(*parts: object) -> str:
    """128 bits, in hex, that depend on `parts` alone."""
    return digest(*parts)[:32]


def private_key(seed: bytes) -> Ed25519PrivateKey:
    """The same key for the same seed; whoever knows the seed has the key."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())


def suite_ref(suite: Suite) -> record.SuiteRef:
    """How a message names the suite."""
    return record.SuiteRef(name=suite.name, version=suite.version, digest=suite.digest)


def workload_of(suite: Suite, job: Job, *, sample_sha256: str, inputs_sha256: str) -> record.Workload:
    """The job in 32-bit floats, one query at a time."""
    model = suite.model(job.model)
    return record.Workload(
        task=job.task,
        dataset=job.dataset,
        dataset_revision=suite.dataset_revision(job.dataset),
        sample_sha256=sample_sha256,
        model=job.model,
        model_revision=suite.model_revision(job.model),
        weights_sha256=str(model.weights_sha256),
        parameters=model.parameters,
        dtype="float32",
        batch_size=1,
        inputs_sha256=inputs_sha256,
    )


@dataclass(frozen=True)
class Packed:
    """A trace's bytes, before and after compression."""

    raw: bytes
    compressed: bytes

    @classmethod
    def of(cls, trace: traces.Trace) -> Self:
        """As the agent packs it."""
        return cls(*traces.pack(trace))

    @property
    def info(self) -> record.TraceInfo:
        """What a statement says of the bytes."""
        return record.TraceInfo(
            encoding="zlib", encoded_sha256=traces.sha256(self.compressed), raw_bytes=len(self.raw)
        )


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who ran what, on what, and when: all of a statement that does not follow from its trace.

    `absent` has the reason of every null, by its path.
    """

    key: Ed25519PrivateKey
    audience: str
    session: str
    nonce: str
    started_at: datetime
    ended_at: datetime
    issued_at: datetime
    ticket: record.TicketRef | None
    suite: record.SuiteRef
    workload: record.Workload
    device: record.Device
    host: record.Host
    software: record.Software
    sensor: record.Sensor
    quality: tuple[record.Quality, ...]
    flags: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    not_read: Mapping[str, str] = field(default_factory=dict)
    not_scored: Mapping[str, str] = field(default_factory=dict)
    peak_memory_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The numbers of a statement. `flags` are those that a trace shows."""

    windows: tuple[record.Window, ...]
    totals: record.Totals
    idle: record.Idle | None = None
    estimates: Mapping[str, float] = field(default_factory=dict)
    not_estimated: Mapping[str, str] = field(default_factory=dict)
    comparisons: tuple[record.Comparison, ...] = ()
    budget: tuple[record.Term, ...] = ()
    flags: tuple[str, ...] = ()

    @classmethod
    def by(
        cls,
        trace: traces.Trace,
        sensor: record.Sensor,
        *,
        board_name: str = "",
        tokens: Sequence[tuple[int | UnsetType | None, int | None]] | None = None,
    ) -> Self:
        """What follows from a trace; `tokens` are those read and written in each window. Raises EnergyError."""
        analysis = analyse(trace, sensor, board_name=board_name)
        counts = tokens or [(None, None)] * len(analysis.windows)
        return cls(
            windows=tuple(
                record.Window(
                    start_s=window.start_s,
                    end_s=window.end_s,
                    queries=window.queries,
                    output_tokens=written,
                    energy_gross_j=window.gross_j,
                    energy_net_j=window.net_j,
                    input_tokens=read,
                )
                for window, (read, written) in zip(analysis.windows, counts, strict=True)
            ),
            totals=analysis.totals,
            idle=analysis.idle,
            estimates=analysis.estimates,
            not_estimated=analysis.not_estimated,
            comparisons=analysis.comparisons,
            budget=analysis.budget,
            flags=analysis.flags,
        )

    def stated_in(self, predicate: record.Predicate) -> record.Predicate:
        """`predicate` with these numbers, and their flags beside its own."""
        return replace(predicate, **self._fields(), flags=tuple(sorted({*predicate.flags, *self.flags})))

    def _fields(self) -> dict[str, Any]:
        return {
            "windows": self.windows,
            "totals": self.totals,
            "idle": self.idle,
            "estimates": dict(self.estimates),
            "not_estimated": dict(self.not_estimated),
            "comparisons": self.comparisons,
            "budget": self.budget,
        }


def predicate_of(run: Run, measured: Measured, packed: Packed) -> record.Predicate:
    """What the contributor says of the run. Its flags are those of `run` alone; `Measured.stated_in` adds others."""
    public = keys.public_hex(run.key)
    return record.Predicate(
        audience=run.audience,
        session=run.session,
        nonce=run.nonce,
        started_at=run.started_at,
        ended_at=run.ended_at,
        issued_at=run.issued_at,
        contributor=record.Contributor(key_id=keys.key_id(public), public_key=public),
        ticket=run.ticket,
        suite=run.suite,
        workload=run.workload,
        device=run.device,
        host=run.host,
        software=run.software,
        sensor=run.sensor,
        quality=run.quality,
        trace=packed.info,
        flags=run.flags,
        absent=dict(run.absent),
        not_read=dict(run.not_read),
        not_scored=dict(run.not_scored),
        peak_memory_bytes=run.peak_memory_bytes,
        **measured._fields(),
    )


def signed(
    predicate: record.Predicate, packed: Packed, *, outputs_sha256: str, key: Ed25519PrivateKey
) -> Bundle:
    """The bundle that states `predicate`, true or not."""
    return sealed(predicate, raw=packed.raw, packed=packed.compressed, outputs_sha256=outputs_sha256, key=key)
