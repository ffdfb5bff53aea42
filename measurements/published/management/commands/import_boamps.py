"""`manage.py import_boamps`: energy reports in the form of BoAmps as a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.published.boamps import ReportOptions, read_reports
from joulemark.published.boundary import BOUNDARIES
from measurements.published.management.import_command import ImportCommand, leave_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.management.base import CommandParser

    from joulemark.published.figures import InputFile, PublishedRuns
    from joulemark.published.names import NameMap


class Command(ImportCommand):
    """Import reports, one or a list of them a file."""

    help = "Import BoAmps energy reports (JSON) as a published series; the same input again changes nothing."
    requires_system_checks = ()
    kind = "boamps"
    shaping = ("scope", "hardware", "queries")

    def add_arguments(self, parser: CommandParser) -> None:
        """Options for what a report does not state."""
        super().add_arguments(parser)
        reports = parser.add_argument_group("what the reports do not say")
        reports.add_argument(
            "--scope",
            choices=sorted(BOUNDARIES),
            help="what the energies cover, where their method does not tell; measures of another scope are left out",
        )
        reports.add_argument("--hardware", help="as '8 x NVIDIA A100-SXM4-80GB', instead of their components")
        reports.add_argument(
            "--queries", type=int, metavar="N", help="requests of each report that has no nbRequest"
        )

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """The measures in the reports."""
        plain = {name: options[name] for name in (*self.shaping, "task", "dataset")}
        return read_reports(files, ReportOptions(**plain, leave_out=leave_out(options)), names)
