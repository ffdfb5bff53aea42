"""`manage.py import_puma`: submissions to PUMA Community as a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.published.puma import SubmissionOptions, read_submissions
from measurements.published.management.import_command import ImportCommand, leave_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from joulemark.published.figures import InputFile, PublishedRuns
    from joulemark.published.names import NameMap


class Command(ImportCommand):
    """Import submissions, one or a list of them a file."""

    help = "Import PUMA Community submissions (JSON) as a published series; the same input again changes nothing."
    requires_system_checks = ()
    kind = "puma"

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """The submissions."""
        submission_options = SubmissionOptions(
            task=options["task"], dataset=options["dataset"], leave_out=leave_out(options)
        )
        return read_submissions(files, submission_options, names)
