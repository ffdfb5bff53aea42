"""From a verified statement to the result row: everything here can be rebuilt from the stored bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from math import hypot
from typing import TypeVar

import msgspec

from joulemark.energy.budget import combined, method_u
from joulemark.record.errors import RecordError
from joulemark.record.statement import Device as DeviceRecord
from joulemark.record.statement import Predicate, Term
from joulemark.rules.case import Case
from joulemark.rules.hardware import gpu_of
from measurements.catalog.lookup import read_catalogue_of, suites_by_digest
from measurements.catalog.models import HardwareClass, Suite
from measurements.catalog.services import reported_hardware
from measurements.concurrency.bulk_insert import insert_rows
from measurements.contributors.models import Contributor, Device
from measurements.contributors.services import note_device
from measurements.intake.models import Submission
from measurements.review.models import Result

T = TypeVar("T")

PLAIN_NAME = re.compile(r"[A-Z0-9a-z]+(?:[ -][A-Z0-9a-z]+)*")
"""Names that differ from their slug by case and spaces alone."""

LOWERED = 0.99
"""A power limit below this share of the default is a stratum of its own."""

WHOLE_EDPP = 100
"""Per cent: the multiplier of EDPp that changes nothing."""

MOST_STRATUM = 60
"""Characters that the column holds."""


def store_results(rows: Sequence[Result]) -> None:
    """Insert or update results, in one statement."""
    insert_rows(rows, updates=True)


class Names:
    """Rows of the catalogue by the names that `cases` use, and devices, read at once."""

    def __init__(self, cases: Iterable[Case | RecordError]) -> None:
        predicates = [case.predicate for case in cases if isinstance(case, Case)]
        devices = Device.objects.filter(tag__in={predicate.device.tag for predicate in predicates})
        self.catalogue = read_catalogue_of(predicate.workload for predicate in predicates)
        self._suites = suites_by_digest(predicate.suite.digest for predicate in predicates)
        self._devices = {(row.contributor_id, row.tag, row.hardware_class_id): row for row in devices}
        self._hardware: dict[tuple[str, str], HardwareClass] = {}

    def suite(self, digest: str) -> Suite:
        """The suite with this digest. Raises KeyError."""
        return self._suites[digest]

    def hardware(self, device: DeviceRecord, *, reported_by: Contributor) -> HardwareClass:
        """The class of a device, made where it is new: then its name is the words of `reported_by`."""
        key = device.kind, device.name
        if key not in self._hardware:
            self._hardware[key] = hardware_class_of(device, reported_by=reported_by)
        return self._hardware[key]

    def hardware_classes(self) -> list[HardwareClass]:
        """The classes that `hardware` has returned so far."""
        return list(self._hardware.values())

    def device(self, contributor: Contributor, tag: str, hardware: HardwareClass) -> Device:
        """The device of a contributor, noted where it is new."""
        key = contributor.pk, tag, hardware.pk
        if key not in self._devices:
            self._devices[key] = note_device(contributor=contributor, tag=tag, hardware_class=hardware)
        return self._devices[key]


def derive_result(submission: Submission, case: Case, names: Names) -> Result:
    """The result of a submission whose suite and job the rules have found; not stored. Raises KeyError for others."""
    statement, predicate = case.statement, case.predicate
    contributor = submission.key.contributor
    dataset = names.catalogue.dataset_of(predicate.workload)
    hardware = names.hardware(predicate.device, reported_by=contributor)
    return Result(
        submission=submission,
        contributor=contributor,
        device=names.device(contributor, predicate.device.tag, hardware),
        suite=names.suite(predicate.suite.digest),
        task=dataset.task,
        dataset=dataset,
        model=names.catalogue.model_of(predicate.workload),
        hardware_class=hardware,
        grade=predicate.sensor.grade,
        scope=predicate.sensor.scope,
        stratum=stratum_of(predicate),
        meter=predicate.sensor.meter,
        session=predicate.session,
        started_at=predicate.started_at,
        received_at=submission.received_at,
        queries=predicate.totals.queries,
        window_count=len(predicate.windows),
        duration_s=predicate.totals.duration_s,
        energy_gross_j=predicate.totals.energy_gross_j,
        energy_net_j=predicate.totals.energy_net_j,
        energy_per_query_j=predicate.totals.energy_per_query_j,
        latency_p50_s=predicate.totals.latency_p50_s,
        latency_p95_s=predicate.totals.latency_p95_s,
        output_tokens=sum_known(window.output_tokens for window in predicate.windows),
        input_tokens=sum_known(window.input_tokens for window in predicate.windows),
        quality=[msgspec.to_builtins(quality) for quality in predicate.quality],
        not_scored=predicate.not_scored,
        sample_sha256=predicate.workload.sample_sha256,
        inputs_sha256=stated(predicate.workload.inputs_sha256, otherwise=""),
        outputs_sha256=statement.digest_of("outputs"),
        peak_memory_bytes=stated(predicate.peak_memory_bytes, otherwise=None),
        times_sha256=case.times_sha256,
        answers=case.trace.answers,
        noise=case.noise,
        relative_u=combined(predicate.budget) if predicate.budget else None,
        method_u=method_u(predicate.budget) if predicate.budget else None,
        mean_power_w=case.read.mean_power_w if case.read else None,
        window_u=within_session_u(predicate.budget),
    )


def within_session_u(budget: Sequence[Term]) -> float | None:
    """What the same job on the same device in another run would differ by: by its windows and their queries."""
    terms = [term.relative for term in budget if term.name in ("windows", "queries")]
    return hypot(*terms) if terms else None


def stated(value: T | msgspec.UnsetType, *, otherwise: T) -> T:
    """The stated value, or `otherwise` where its agent did not know the field yet."""
    return otherwise if isinstance(value, msgspec.UnsetType) else value


def sum_known(counts: Iterable[int | msgspec.UnsetType | None]) -> int | None:
    """The sum, or None where one is not known."""
    total = 0
    for count in counts:
        if not isinstance(count, int):
            return None
        total += count
    return total


def hardware_class_of(device: DeviceRecord, *, reported_by: Contributor) -> HardwareClass:
    """The class of a device: its kind and the slug of its model name. A GPU that the rules know needs no confirmation.

    A name that its slug does not fully stand for (other scripts, signs) gets a digest behind it, so that two names
    never share a class and nobody can choose the title under which another's results are shown.
    """
    name = " ".join(device.name.split())
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not PLAIN_NAME.fullmatch(name):
        slug = f"{slug[:100]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".strip("-")
    is_known = device.kind == "gpu" and gpu_of(name) is not None
    return reported_hardware(
        slug=f"{device.kind}-{slug}"[:150],
        title=name,
        kind=device.kind,
        reported_by=reported_by.pseudonym,
        is_confirmed=is_known,
    )


def stratum_of(predicate: Predicate) -> str:
    """The stratum of a result: number format, batch size, and whether the power limit was lowered.

    On a processor also the threads that shared an operator, and a quota that leaves the process less time than its
    affinity. Results of agents that did not state these have none of it in their stratum, and stand apart. On a GPU
    also what its firmware was told to do otherwise than by default (`_controls_of`).
    """
    limit_w, default_w = predicate.device.power_limit_w, predicate.device.power_limit_default_w
    power = "lowered" if _is_lowered(limit_w, default_w) else "default"
    base = f"{predicate.workload.dtype}.b{predicate.workload.batch_size}.power-{power}{_parallelism_of(predicate)}"
    return _fitting(base, _controls_of(predicate))


def _controls_of(predicate: Predicate) -> str:
    """Workload power profiles, power smoothing, EDPp, a module's lowered limit and lowered clocks; no word by default.

    What a card cannot tell is as by default: its kind does not offer it, or no agent could have set it.
    """
    controls = stated(predicate.power_controls, otherwise=None)
    if controls is None:
        return ""
    words = []
    if controls.workload_profiles:
        words.append("profile-" + "-".join(map(str, sorted(set(controls.workload_profiles)))))
    if controls.smoothing:
        words.append(
            "smoothing" if controls.smoothing_profile is None else f"smoothing-{controls.smoothing_profile}"
        )
    if controls.edpp_percent not in (None, WHOLE_EDPP):
        words.append(f"edpp-{controls.edpp_percent}")
    if _is_lowered(controls.module_limit_w, controls.module_limit_default_w):
        words.append("module-lowered")
    if _is_lowered(controls.application_clock_mhz, controls.application_clock_default_mhz):
        words.append("clock-lowered")
    return "".join(f".{word}" for word in words)


def _is_lowered(value: float | None, default: float | None) -> bool:
    return value is not None and default is not None and value < default * LOWERED


def _fitting(base: str, controls: str) -> str:
    """The whole, or with a digest in place of what is too long for the column."""
    if len(base + controls) <= MOST_STRATUM:
        return base + controls
    return f"{base}.controls-{hashlib.sha256(controls.encode()).hexdigest()[:12]}"


def _parallelism_of(predicate: Predicate) -> str:
    """The energy of a GPU's board hardly depends on the threads of its host."""
    stated_parallelism = stated(predicate.parallelism, otherwise=None)
    if predicate.device.kind != "cpu" or stated_parallelism is None:
        return ""
    threads, quota = stated_parallelism.intra_op_threads, stated_parallelism.cpu_quota
    limited = quota is not None and quota < predicate.host.cpu_count
    words = [f".threads-{threads}"] if threads is not None else []
    return "".join([*words, *([f".quota-{quota:.4g}"] if limited else [])])
