"""Rows of a release as typed objects. A field that a row lacks, of an older or newer release, is null.

Energies are in joules per query, relative numbers are shares of 1, times are in seconds or in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

Scores = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class CellRecord:
    """One value of a board. `low_j` to `high_j` is the 95 % interval of the true energy; `version` is its board's.

    `between_low_j` to `between_high_j` is that of what ever more such contributors would say.
    """

    suite: str
    suite_version: str
    suite_digest: str
    task: str
    dataset: str
    model: str
    hardware_code: str
    hardware: str
    grade: str
    scope: str
    stratum: str
    energy_per_query_j: float
    low_j: float | None
    high_j: float | None
    between_low_j: float | None
    between_high_j: float | None
    n_devices: int
    n_contributors: int
    n_results: int
    tier: str
    quality: Scores
    unit_energies: Scores
    version: int
    licence: str


@dataclass(frozen=True, kw_only=True)
class ResultRecord:
    """One result. Its numbers are null, with the reason in `not_derived`, where none follow from its bundle."""

    leaf_index: int
    result_id: str
    received_at: datetime
    contributor: str
    ticket: str | None
    not_derived: str | None
    suite: str | None
    suite_version: str | None
    suite_digest: str | None
    task: str | None
    dataset: str | None
    model: str | None
    hardware_code: str | None
    grade: str | None
    scope: str | None
    stratum: str | None
    device: str | None
    energy_per_query_j: float | None
    energy_gross_j: float | None
    queries: int | None
    relative_u: float | None
    method_u: float | None
    quality: Scores | None
    licence: str


@dataclass(frozen=True, kw_only=True)
class ComparisonRecord:
    """General-purpose over task-specific models under equal conditions; both intervals are of 95 %."""

    suite: str
    suite_version: str
    grade: str
    task: str
    dataset: str
    hardware_code: str
    scope: str
    ratio: float
    over_models_low: float | None
    over_models_high: float | None
    low_95: float | None
    high_95: float | None
    n_pairs: int
    n_sources: int
    formed: str
    version: int
    licence: str


@dataclass(frozen=True, kw_only=True)
class VerdictRecord:
    """A verdict of the rules; a result that was judged again has several, the last of which stands."""

    leaf_index: int
    result_id: str
    state: str
    cause: str
    codes: list[str]
    rules_version: str
    findings: list[dict[str, Any]]
    judged_at: datetime
    licence: str


Kind = TypeVar("Kind", CellRecord, ResultRecord, ComparisonRecord, VerdictRecord)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def record_of(kind: type[Kind], row: Mapping[str, Any]) -> Kind:
    """The object of a row; columns that it does not know are left out."""
    of_rows: Any = kind
    values: dict[str, Any] = {name: row.get(name) for name in _names(of_rows)}
    return kind(**values)
