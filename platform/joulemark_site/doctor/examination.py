"""All checks in their order, and those that cost nothing, which every start makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from joulemark_site.doctor import (
    database_checks,
    file_checks,
    machine_checks,
    outside_checks,
    queue_checks,
    release_checks,
    settings_checks,
)
from joulemark_site.doctor.finding import Finding, NotAsked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.core.management.base import OutputWrapper

    from joulemark_site.doctor.finding import Check
    from joulemark_site.environment import BadSetting

INSIDE = [*settings_checks.CHECKS, *file_checks.CHECKS, *file_checks.MACHINE_CHECKS, *database_checks.CHECKS,
          *queue_checks.CHECKS, *release_checks.CHECKS, *machine_checks.CHECKS]  # fmt: skip
OUTSIDE = outside_checks.CHECKS
AT_START = settings_checks.CHECKS
"""They ask no service and no file: `prepare` and `serve` print what they find."""


@dataclass
class Examination:
    """What was found, and what could not be looked at, with the reason."""

    findings: list[Finding] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def n_errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.level == "error" for finding in self.findings)


def examine(checks: Iterable[Check], *, faults: Iterable[BadSetting] = ()) -> Examination:
    """Make the checks one after the other; one that cannot be made keeps no other from being made."""
    examination = Examination(findings=list(settings_checks.unusable_values(list(faults))))
    for check in checks:
        try:
            examination.findings.extend(check.find())
            examination.completed.append(check.name)
        except NotAsked as reason:
            examination.skipped[check.name] = str(reason)
    return examination


def print_findings(stream: OutputWrapper) -> None:
    """Write the errors that a start can find without asking anybody, a line each; `manage.py doctor` tells more."""
    for finding in examine(AT_START).findings:
        if finding.level == "error":
            stream.write(
                f"{finding.level}: {finding.code} {finding.subject}: {finding.sentence} {finding.remedy}"
            )
