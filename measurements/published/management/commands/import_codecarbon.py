"""`manage.py import_codecarbon`: logs of CodeCarbon as a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from joulemark.published.codecarbon import EnergyPart, LogOptions, read_logs
from joulemark.published.figures import PublishedScope
from measurements.published.management.import_command import ImportCommand, leave_out, table_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.management.base import CommandParser

    from joulemark.published.figures import InputFile, PublishedRuns
    from joulemark.published.names import NameMap


PLAIN_OPTIONS = ("queries", "phase", "energy", "model", "scope", "hardware")
"""Options that a reader takes as they are."""


class Command(ImportCommand):
    """Import logs of runs, or of phases of runs."""

    help = (
        "Import CodeCarbon emission logs (CSV) as a published series; the same input again changes nothing."
    )
    requires_system_checks = ()
    kind = "codecarbon"
    shaping = PLAIN_OPTIONS

    def add_arguments(self, parser: CommandParser) -> None:
        """Options for what a log does not state."""
        super().add_arguments(parser)
        self.add_table_arguments(parser)
        logs = parser.add_argument_group("what the logs do not say")
        logs.add_argument("--queries", type=int, required=True, metavar="N", help="queries in each run")
        logs.add_argument(
            "--phase",
            help="which phase to take, or 'whole run' (default: 'query model' where phases were logged)",
        )
        logs.add_argument(
            "--energy",
            choices=get_args(EnergyPart),
            default="total",
            help="all that was metered, or the GPUs alone",
        )
        logs.add_argument("--model", help="the model, where the project's name is something else")
        logs.add_argument(
            "--scope",
            choices=get_args(PublishedScope),
            help="what the energies cover, where no column says so (CodeCarbon 1.x)",
        )
        logs.add_argument("--hardware", help="as '8 x NVIDIA A100-SXM4-80GB', where no column names it")

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """The runs in the logs."""
        plain = {name: options[name] for name in (*PLAIN_OPTIONS, "task", "dataset")}
        form, rows = table_form(options), leave_out(options)
        return read_logs(files, LogOptions(**plain, form=form, leave_out=rows), names)
