"""`manage.py import_tokenarena`: the modelled energies of TokenArena as a published series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.published.tokenarena import EndpointOptions, read_endpoints
from measurements.published.management.import_command import ImportCommand, leave_out, table_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.management.base import CommandParser

    from joulemark.published.figures import InputFile, PublishedRuns
    from joulemark.published.names import NameMap


class Command(ImportCommand):
    """Import a snapshot; its series is graded `modelled`."""

    help = "Import TokenArena endpoints (CSV or JSON) as a modelled series; the same input again changes nothing."
    requires_system_checks = ()
    kind = "tokenarena"

    def add_arguments(self, parser: CommandParser) -> None:
        """How a table is written, where it does not tell."""
        super().add_arguments(parser)
        self.add_table_arguments(parser)

    def read(self, files: Sequence[InputFile], names: NameMap, options: dict[str, Any]) -> PublishedRuns:
        """The endpoints of the snapshot."""
        endpoint_options = EndpointOptions(
            task=options["task"],
            dataset=options["dataset"],
            form=table_form(options),
            leave_out=leave_out(options),
        )
        return read_endpoints(files, endpoint_options, names)
