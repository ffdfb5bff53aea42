"""What an export needs to know of an energy: a result's, or a board's value over many results.

Units are in the names. What is not known is None, and each form leaves it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from joulemark.energy.budget import expanded
from joulemark.impact.quantity import BoardGrade
from joulemark.leaderboard.result_numbers import sum_known
from joulemark.published.figures import JOULES_PER_KWH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    import msgspec

    from joulemark.record.statement import Predicate, Statement

JOULES_PER_WH = 3600.0
QUERIES_OF_A_VALUE = 1000
"""A board's value is exported as the energy of this many queries."""
LICENCE = "CC-BY-4.0"
LIBRARY = "transformers"


@dataclass(frozen=True, kw_only=True)
class ExportedScore:
    """How good the answers were; `questions` is how many were scored."""

    metric: str
    value: float
    questions: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExportedEnergy:
    """An energy with all that must travel with it.

    `identity` is the SHA-256 of a result's bytes, or the address of a value with its version: two exports of one number
    have the same ids, and two numbers have two. `low_j` to `high_j` is the 95 % interval of the energy per query, which
    a value has; `relative_u` is the expanded relative uncertainty (k = 2), which a result states. `versions` names
    suite, rules and whatever else the number depends on. `hub_model` and `hub_dataset` are names on the hub. A grade of
    `estimated` was computed from stated watts and not metered.
    """

    kind: Literal["result", "value"]
    identity: str
    made_at: datetime
    model: str
    task: str
    dataset: str
    hardware: str
    hardware_kind: str
    scope: str
    grade: BoardGrade
    energy_per_query_j: float
    queries: int
    tier: str
    n_results: int = 1
    stratum: str = ""
    address: str | None = None
    model_revision: str | None = None
    dataset_revision: str | None = None
    hub_model: str | None = None
    hub_dataset: str | None = None
    parameters: int | None = None
    memory_bytes: int | None = None
    processor: str | None = None
    low_j: float | None = None
    high_j: float | None = None
    relative_u: float | None = None
    duration_s: float | None = None
    measured_at: datetime | None = None
    dtype: str | None = None
    input_tokens_per_query: float | None = None
    output_tokens_per_query: float | None = None
    scores: tuple[ExportedScore, ...] = ()
    packages: Mapping[str, str] = field(default_factory=dict)
    python: str | None = None
    system: str | None = None
    agent_version: str | None = None
    public_key: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    is_final: bool = True

    @property
    def energy_kwh(self) -> float:
        """Kilowatt-hours of all `queries`."""
        return self.energy_per_query_j * self.queries / JOULES_PER_KWH

    @property
    def wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)

    @property
    def relative_half_width_95(self) -> float | None:
        """The larger distance of an end of the 95 % interval from the energy, relative to it; None without one."""
        if self.low_j is None or self.high_j is None:
            return None
        energy_j = self.energy_per_query_j
        return max(self.high_j - energy_j, energy_j - self.low_j) / energy_j

    @property
    def uncertainty(self) -> str:
        """The interval in words; that none is stated, otherwise."""
        if self.low_j is not None and self.high_j is not None:
            return (
                f"95 % interval {wh_per_1000(self.low_j):.4g} to {wh_per_1000(self.high_j):.4g} Wh per 1,000"
            )
        if self.relative_u is not None:
            return f"expanded uncertainty {self.relative_u:.2%} (k = 2)"
        return "no uncertainty stated"


def wh_per_1000(energy_per_query_j: float) -> float:
    """Joules of a query as watt-hours of a thousand."""
    return energy_per_query_j * QUERIES_OF_A_VALUE / JOULES_PER_WH


def energy_of_statement(
    statement: Statement,
    *,
    result_id: str,
    made_at: datetime,
    tier: str,
    is_final: bool,
    address: str | None = None,
    hub_model: str | None = None,
    hub_dataset: str | None = None,
    hardware: str | None = None,
) -> ExportedEnergy:
    """The energy that a result states; `hardware` is what a platform calls the device, else its own name is used."""
    predicate = statement.predicate
    work, totals, budget = predicate.workload, predicate.totals, predicate.budget
    return ExportedEnergy(
        kind="result",
        identity=result_id,
        made_at=made_at,
        measured_at=predicate.started_at,
        address=address,
        model=work.model,
        model_revision=work.model_revision,
        hub_model=hub_model,
        parameters=work.parameters or None,
        task=work.task,
        dataset=work.dataset,
        dataset_revision=work.dataset_revision,
        hub_dataset=hub_dataset,
        hardware=hardware or predicate.device.name,
        hardware_kind=predicate.device.kind,
        memory_bytes=predicate.device.memory_bytes if predicate.device.kind == "gpu" else None,
        processor=predicate.host.cpu if predicate.device.kind == "gpu" else None,
        scope=predicate.sensor.scope,
        grade=predicate.sensor.grade,
        stratum=f"{work.dtype}, batch {work.batch_size}",
        dtype=work.dtype,
        energy_per_query_j=totals.energy_per_query_j,
        relative_u=expanded(budget) if budget else None,
        queries=totals.queries,
        duration_s=totals.duration_s,
        tier=tier,
        is_final=is_final,
        input_tokens_per_query=_per_query(predicate, (window.input_tokens for window in predicate.windows)),
        output_tokens_per_query=_per_query(predicate, (window.output_tokens for window in predicate.windows)),
        scores=tuple(
            ExportedScore(metric=score.metric, value=score.value, questions=score.n)
            for score in predicate.quality
        ),
        packages=predicate.software.packages,
        python=predicate.software.python,
        system=predicate.host.system,
        agent_version=predicate.software.agent_version,
        public_key=predicate.contributor.public_key,
        versions={
            "suite": f"{predicate.suite.name} {predicate.suite.version}",
            "agent": predicate.software.agent_version,
        },
    )


def _per_query(predicate: Predicate, counts: Iterable[int | msgspec.UnsetType | None]) -> float | None:
    """Tokens of a query over all windows; None where a window does not count them."""
    tokens = sum_known(counts)
    return None if tokens is None else tokens / sum(window.queries for window in predicate.windows)
