"""`manage.py doctor`: find wrong settings of this platform, and say what to do about each."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from joulemark_site.doctor.examination import INSIDE, OUTSIDE, Examination, examine
from joulemark_site.environment import collected


class Command(BaseCommand):
    """Look, and change nothing."""

    help = (
        "Look for wrong settings: variables, files, keys, database, queue, workers, proxy and certificate. Changes "
        "nothing. Exit status 1 where there is an error (with --strict also for warnings). The agent's `joulemark "
        "doctor` looks at a volunteer's machine instead."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How to print, and how much to ask."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument("--strict", action="store_true", help="exit status 1 for warnings too")
        parser.add_argument(
            "--inside", action="store_true", help="do not ask the platform's own origin from outside"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine and print. Exits with 1 where something is wrong."""
        checks = INSIDE if options["inside"] else [*INSIDE, *OUTSIDE]
        examination = examine(checks, faults=collected())
        if options["json"]:
            self.stdout.write(json.dumps(asdict(examination), indent=2))
        else:
            self._print(examination)
        if examination.n_errors or (options["strict"] and examination.findings):
            sys.exit(1)

    def _print(self, examination: Examination) -> None:
        for finding in examination.findings:
            self.stdout.write(f"{finding.level}: {finding.code} {finding.subject}: {finding.sentence}")
            self.stdout.write(f"  {finding.remedy}")
        for name, reason in examination.skipped.items():
            self.stdout.write(f"not looked at: {name}: {reason}")
        n_warnings = len(examination.findings) - examination.n_errors
        self.stdout.write(
            f"{len(examination.completed)} checks made: {examination.n_errors} errors, {n_warnings} warnings"
        )
