"""One form for what others have published: runs as they were read, and figures, which are runs of a kind combined."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import fsum, sqrt
from typing import TYPE_CHECKING, Literal

from joulemark.published.boundary import BoundaryBeyondResults
from joulemark.published.errors import file_of
from joulemark.record.statement import DeviceKind, Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

JOULES_PER_KWH = 3.6e6
WH_PER_KWH = 1000.0
PER = 1000
"""Energies are per 1,000 queries."""

PARTS = ("gpu_kwh_per_1000", "cpu_kwh_per_1000", "ram_kwh_per_1000", "duration_s")
SPREAD = ("low_kwh_per_1000", "high_kwh_per_1000", "std_kwh_per_1000")
NO_COLUMN, EMPTY, ZERO, ONE_RUN, NOT_PUBLISHED, SOME_RUNS = (
    "no-such-column", "empty", "reads-zero", "one-run", "not-published", "not-in-every-run",
)  # fmt: skip
"""Why a number is not known."""

HardwareKind = Literal[DeviceKind, "node"]
PublishedScope = Literal[Scope, "gpu+cpu", "node", BoundaryBeyondResults]
"""What a published energy may cover: also what no result of ours does. `modelled`: nothing was metered."""


@dataclass(frozen=True, kw_only=True)
class InputFile:
    """A file as it was given: its name without a folder, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Hardware:
    """What an energy was drawn by. `slug` joins figures of the same hardware."""

    slug: str
    title: str
    kind: HardwareKind


@dataclass(frozen=True, kw_only=True)
class PublishedSubject:
    """What a number is about: two runs with the same subject are runs of one thing and are combined.

    `dataset` is None where the publisher gives one number for a task. `stratum` is the configuration, in words.
    """

    task: str
    dataset: str | None
    model: str
    hardware: Hardware
    scope: str
    stratum: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One published number, at `where` (file and line), in kWh per 1,000 queries; `duration_s` per 1,000, too.

    A part that is not known is None, and `not_known` has its reason. `parameters` is a count of weights. `validity` is
    the source's own flag of this number, in its own words; "" where it has none.
    """

    where: str
    subject: PublishedSubject
    energy_kwh_per_1000: float
    gpu_kwh_per_1000: float | None = None
    cpu_kwh_per_1000: float | None = None
    ram_kwh_per_1000: float | None = None
    duration_s: float | None = None
    not_known: Mapping[str, str] = field(default_factory=dict)
    parameters: int | None = None
    validity: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Something in the input that was not taken, and why."""

    where: str
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PublishedRuns:
    """All that was in the input: runs that are taken, and what was left out."""

    runs: tuple[Run, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """The mean of `n_runs` runs of one subject; `std` is the sample standard deviation (n - 1).

    Of one run there is no spread: low, high and std are None then, with the reason `one-run`. `validity` has every flag
    that the source gives its runs, in order, separated by "; ".
    """

    subject: PublishedSubject
    n_runs: int
    energy_kwh_per_1000: float
    low_kwh_per_1000: float | None
    high_kwh_per_1000: float | None
    std_kwh_per_1000: float | None
    gpu_kwh_per_1000: float | None
    cpu_kwh_per_1000: float | None
    ram_kwh_per_1000: float | None
    duration_s: float | None
    not_known: dict[str, str]
    parameters: int | None
    files: tuple[str, ...]
    validity: str = ""


def combine(runs: Iterable[Run]) -> tuple[Figure, ...]:
    """One figure a subject, in the order in which subjects first come. The order within one changes no digit."""
    by_subject: dict[PublishedSubject, list[Run]] = {}
    for run in runs:
        by_subject.setdefault(run.subject, []).append(run)
    return tuple(_figure(subject, of_subject) for subject, of_subject in by_subject.items())


def _figure(subject: PublishedSubject, runs: Sequence[Run]) -> Figure:
    energies = [run.energy_kwh_per_1000 for run in runs]
    mean = _mean(energies)
    spread: dict[str, float | None] = dict.fromkeys(SPREAD)
    not_known: dict[str, str] = {}
    if len(runs) > 1:
        std = sqrt(fsum((energy - mean) ** 2 for energy in energies) / (len(energies) - 1))
        spread = dict(zip(SPREAD, (min(energies), max(energies), std), strict=True))
    else:
        not_known |= dict.fromkeys(SPREAD, ONE_RUN)
    parts: dict[str, float | None] = {}
    for name in PARTS:
        parts[name], reason = _part(runs, name)
        if reason is not None:
            not_known[name] = reason
    return Figure(
        subject=subject,
        n_runs=len(runs),
        energy_kwh_per_1000=mean,
        **spread,
        **parts,
        not_known=not_known,
        parameters=next((run.parameters for run in runs if run.parameters is not None), None),
        files=tuple(sorted({file_of(run.where) for run in runs})),
        validity="; ".join(sorted({run.validity for run in runs if run.validity})),
    )


def _mean(values: Sequence[float]) -> float:
    # rounding must not carry the mean of equal numbers past them
    return min(max(fsum(values) / len(values), min(values)), max(values))


def _part(runs: Sequence[Run], name: str) -> tuple[float | None, str | None]:
    """The mean of a part over the runs, or None with the reason."""
    values = [getattr(run, name) for run in runs]
    if None not in values:
        return _mean(values), None
    reasons = {run.not_known[name] for run, value in zip(runs, values, strict=True) if value is None}
    whole = all(value is None for value in values) and len(reasons) == 1
    return None, reasons.pop() if whole else SOME_RUNS


def digest_of(kind: str, files: Iterable[InputFile], settings: Mapping[str, str]) -> str:
    """SHA-256 in hex over what a series is made of: reader, settings, and the files by name and content.

    The order of files does not count; each part is preceded by its length in 8 bytes.
    """
    digest = hashlib.sha256()
    parts = [kind.encode()]
    for name, value in sorted(settings.items()):
        parts += [name.encode(), value.encode()]
    for file in sorted(files, key=lambda file: (file.name, file.content)):
        parts += [file.name.encode(), file.content]
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
