"""`manage.py import_ai_energy_score`: tables of AI Energy Score as a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.published.ai_energy_score import HARDWARE, ScoreOptions, read_scores
from measurements.published.management.import_command import ImportCommand, leave_out, table_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.management.base import CommandParser

    from joulemark.published.figures import InputFile, PublishedRuns
    from joulemark.published.names import NameMap


class Command(ImportCommand):
    """Import the leaderboard's tables, or what its runner collects."""

    help = "Import AI Energy Score results (CSV) as a published series; the same input again changes nothing."
    requires_system_checks = ()
    kind = "ai-energy-score"
    shaping = ("hardware",)

    def add_arguments(self, parser: CommandParser) -> None:
        """Options for what a table does not state."""
        super().add_arguments(parser)
        self.add_table_arguments(parser)
        parser.add_argument("--hardware", default=HARDWARE, help="the GPU (default: %(default)s)")

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """The rows of the tables."""
        score_options = ScoreOptions(
            task=options["task"],
            dataset=options["dataset"],
            hardware=options["hardware"],
            form=table_form(options),
            leave_out=leave_out(options),
        )
        return read_scores(files, score_options, names)
