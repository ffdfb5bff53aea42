"""`manage.py rebuild_boards`: recompute every cell from the evidence and compare."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

MOST_PROCESSES = 256


class Command(BaseCommand):
    """Exports the evidence, rebuilds every cell from it and says which differ; mends them unless `--check`."""

    help = "Rebuild every cell from the evidence and compare it with what is shown, to the last digit."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command line takes."""
        parser.add_argument(
            "--check", action="store_true", help="only compare; end with 1 when a cell differs"
        )
        parser.add_argument("--keep", type=Path, help="keep the evidence in this Parquet file")
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="how many processes combine results"
        )

    def handle(self, **options: Any) -> None:
        """Run."""
        if not 1 <= options["processes"] <= MOST_PROCESSES:
            raise CommandError(f"--processes is how many share the work, from 1 to {MOST_PROCESSES}.")
        from measurements.boards.exporting import export_evidence
        from measurements.boards.rebuilding import differences, mend

        with tempfile.TemporaryDirectory() as folder:
            file = options["keep"] or Path(folder) / "evidence.parquet"
            self.stdout.write(f"{export_evidence(file)} results exported")
            found = differences(file, processes=options["processes"])
        for difference in found:
            what = ", ".join(difference.names) if difference.names else "missing"
            where = "evidence" if difference.names or difference.rebuilt else "boards"
            self.stdout.write(f"{'/'.join(map(str, difference.key))}: {what} (rebuilt from {where})")
        if not found:
            self.stdout.write("every cell is what its evidence says")
        elif options["check"]:
            raise CommandError(f"{len(found)} cells differ; run the command without --check to mend them.")
        else:
            self.stdout.write(f"{mend(found)} cells mended")
