"""Everything that is known about one result, decoded from the bytes as received."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from math import hypot, isclose
from typing import TYPE_CHECKING

import msgspec

from joulemark.consensus.unit_energy import CountedReading, session_unit_energies
from joulemark.energy.budget import SENSOR_TERMS, combined, method_u
from joulemark.energy.core_watts import core_watts
from joulemark.energy.sensors import COVERAGE_FACTOR, sensor_u
from joulemark.leaderboard.result_numbers import sum_known
from joulemark.record.bundle import parse
from joulemark.record.codec import decode
from joulemark.record.envelope import Envelope
from joulemark.record.messages import Receipt
from joulemark.record.stated import stated
from measurements.boards.models import Cell
from measurements.boards.unit_energies import UnitEnergies, scores_of_session
from measurements.intake.models import State, Submission
from measurements.review.cell_key import CellKey
from measurements.review.models import Appeal, Moderation, Result, Verdict, Withdrawal

if TYPE_CHECKING:
    from joulemark.record.bundle import Bundle
    from joulemark.record.statement import Predicate, Statement

WINDOWS_DRAWN = 120
"""A plot draws at most this many windows; of more it draws every second, third, … and says so."""

Block = tuple[int, float]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One submission: what it claims (`predicate`), what the rules said, what counts of it, and what proves it.

    `result` is None while there is no verdict and when it was rejected: then its numbers are claims only.
    `cell` is the value that it takes part in, None unless it is accepted.
    """

    submission: Submission
    bundle: Bundle
    statement: Statement
    predicate: Predicate
    verdicts: list[Verdict]
    moderations: list[Moderation]
    appeals: list[Appeal]
    withdrawal: Withdrawal | None
    result: Result | None
    cell: Cell | None
    receipt: Receipt
    receipt_text: str
    bundle_bytes: int
    payload_sha256: str

    @property
    def verdict(self) -> Verdict | None:
        """The one that stands."""
        return self.verdicts[-1] if self.verdicts else None

    @property
    def trace_sha256(self) -> str:
        """Digest of the raw trace, as signed."""
        return self.statement.digest_of("trace")

    @property
    def outputs_sha256(self) -> str:
        """Digest of the model's answers, as signed."""
        return self.statement.digest_of("outputs")

    @property
    def common_watts(self) -> float:
        """Watts per busy core by which estimates on this processor are compared, whatever they state."""
        return core_watts(self.predicate.device.name).watts

    @property
    def half_width_j(self) -> float | None:
        """Expanded uncertainty (k = 2) of the energy per query, in joules; None where no budget is stated.

        Of the method as it was signed, and of the sensor as far as it is known today.
        """
        sensor = self.sensor_u
        if not self.predicate.budget or sensor is None:
            return None
        return (
            self.predicate.totals.energy_per_query_j
            * COVERAGE_FACTOR
            * hypot(method_u(self.predicate.budget), sensor)
        )

    @property
    def sensor_u(self) -> float | None:
        """Relative standard uncertainty of the device's sensor as far as it is known today; None for an estimate."""
        totals = self.predicate.totals
        power_w = self.result.mean_power_w if self.result else None
        return sensor_u(
            self.predicate.sensor.meter,
            self.predicate.device.name,
            power_w or totals.energy_per_query_j * totals.queries / totals.duration_s,
        )

    @property
    def signed_by_older_table(self) -> bool:
        """Whether the budget was signed when less, or something else, was known of such sensors."""
        signed_u = combined([term for term in self.predicate.budget if term.name in SENSOR_TERMS])
        return self.sensor_u is not None and not isclose(signed_u, self.sensor_u, rel_tol=1e-6)

    @property
    def input_tokens(self) -> int | None:
        """Tokens read in all windows; None where they were not counted in every one."""
        return sum_known(window.input_tokens for window in self.predicate.windows)

    @property
    def output_tokens(self) -> int | None:
        """Tokens written in all windows; None where they were not counted in every one."""
        return sum_known(window.output_tokens for window in self.predicate.windows)

    @property
    def unit_energies(self) -> UnitEnergies:
        """Joules per token and per right answer of the statement, with its own uncertainty and its sensor's."""
        totals = self.predicate.totals
        reading = CountedReading(
            contributor=self.predicate.contributor.key_id,
            device=self.predicate.device.tag,
            energy_per_query_j=totals.energy_per_query_j,
            relative_u=method_u(self.predicate.budget) if self.predicate.budget else None,
            sensor_u=self.sensor_u,
            energy_gross_j=totals.energy_gross_j,
            output_tokens=self.output_tokens,
            input_tokens=self.input_tokens,
        )
        scores = scores_of_session(msgspec.to_builtins(self.predicate.quality))
        return [asdict(energy) for energy in session_unit_energies(reading, scores)]

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most device memory that tensors took; None where it was not counted."""
        return stated(self.predicate.peak_memory_bytes, otherwise=None)

    def windows_drawn(self) -> tuple[int, list[Block]]:
        """(step, [(number, joules per query)]): every window, or one in `step` where there are too many."""
        windows = self.predicate.windows
        step = -(-len(windows) // WINDOWS_DRAWN)
        chosen = list(enumerate(windows, start=1))[::step]
        return step, [(number, window.energy_gross_j / window.queries) for number, window in chosen]


OF_RESULT = ("suite", "task", "dataset", "model", "hardware_class", "contributor", "device")
"""What a result's page names of it."""


def read_evidence(result_id: str) -> Evidence | None:
    """The evidence of one result, or None when these bytes were never received."""
    submission = (
        Submission.objects.select_related("key__contributor", "leaf", "ticket", "withdrawal__leaf")
        .select_related(*(f"result__{name}" for name in OF_RESULT))
        .filter(pk=result_id)
        .first()
    )
    if submission is None:
        return None
    bundle = parse(bytes(submission.bundle))
    statement = bundle.statement()
    result: Result | None = getattr(submission, "result", None)
    receipt_text = bytes(submission.receipt).decode()
    return Evidence(
        submission=submission,
        bundle=bundle,
        statement=statement,
        predicate=statement.predicate,
        verdicts=list(submission.verdicts.select_related("leaf")),
        moderations=list(submission.moderations.select_related("leaf")),
        appeals=list(submission.appeals.select_related("decision")),
        withdrawal=getattr(submission, "withdrawal", None),
        result=result,
        cell=Cell.objects.at(CellKey.of(result)).first()
        if result is not None and submission.state == State.ACCEPTED
        else None,
        receipt=decode(
            decode(receipt_text.encode(), Envelope, what="receipt").payload, Receipt, what="receipt"
        ),
        receipt_text=receipt_text,
        bundle_bytes=len(submission.bundle),
        payload_sha256=hashlib.sha256(bundle.envelope.payload).hexdigest(),
    )
