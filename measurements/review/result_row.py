"""From a verified statement to the result row: everything here can be rebuilt from the stored bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from joulemark.leaderboard.hardware_names import hardware_slug, hardware_title
from joulemark.leaderboard.result_numbers import result_numbers
from joulemark.record.errors import RecordError
from joulemark.record.statement import Device as DeviceRecord
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
    predicate = case.predicate
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
        received_at=submission.received_at,
        **result_numbers(case),
    )


def hardware_class_of(device: DeviceRecord, *, reported_by: Contributor) -> HardwareClass:
    """The class of a device by its kind and the name of its model. A GPU that the rules know needs no confirmation."""
    title = hardware_title(device.name)
    is_known = device.kind == "gpu" and gpu_of(title) is not None
    return reported_hardware(
        slug=hardware_slug(device.kind, device.name),
        title=title,
        kind=device.kind,
        reported_by=reported_by.pseudonym,
        is_confirmed=is_known,
    )
