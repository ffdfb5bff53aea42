"""`manage.py import_mlenergy`: files of the ML.ENERGY leaderboard as a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.published.mlenergy import EnergyOptions, read_energies
from measurements.published.management.import_command import ImportCommand, leave_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.management.base import CommandParser

    from joulemark.published.figures import InputFile, PublishedRuns
    from joulemark.published.names import NameMap


class Command(ImportCommand):
    """Import the leaderboard's JSON."""

    help = "Import ML.ENERGY leaderboard files (JSON) as a published series; the same input again changes nothing."
    requires_system_checks = ()
    kind = "mlenergy"
    shaping = ("gpu", "batch")

    def add_arguments(self, parser: CommandParser) -> None:
        """Which of the many configurations to take."""
        super().add_arguments(parser)
        which = parser.add_argument_group("which configurations")
        which.add_argument("--gpu", metavar="NAME", help="those on this GPU alone, such as H100")
        which.add_argument(
            "--batch", type=int, metavar="N", help="those with this batch or limit of requests alone"
        )

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """The configurations in the files."""
        plain = {name: options[name] for name in (*self.shaping, "task", "dataset")}
        return read_energies(files, EnergyOptions(**plain, leave_out=leave_out(options)), names)
