"""`manage.py rebuild_boards`: recompute every cell from the evidence, what is derived of cells, and compare."""

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

    help = (
        "Rebuild every cell from the evidence, and ranks, comparisons and factors from the cells, and compare them "
        "with what is shown, to the last digit."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the command line takes."""
        parser.add_argument(
            "--check", action="store_true", help="only compare; end with 1 when anything differs"
        )
        parser.add_argument("--keep", type=Path, help="keep the evidence in this Parquet file")
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="how many processes combine results"
        )

    def handle(self, **options: Any) -> None:
        """Compare every cell with its evidence and mend what differs, unless `--check`."""
        if not 1 <= options["processes"] <= MOST_PROCESSES:
            raise CommandError(f"--processes is how many share the work, from 1 to {MOST_PROCESSES}.")
        from measurements.boards.evidence_export import export_evidence
        from measurements.boards.history import history_faults, mend_versions
        from measurements.boards.rebuild import differences, mend

        with tempfile.TemporaryDirectory() as folder:
            file = options["keep"] or Path(folder) / "evidence.parquet"
            self.stdout.write(f"{export_evidence(file)} results exported")
            differing = differences(file, processes=options["processes"])
        for key, faults in differing.items():
            what = ", ".join(faults.names) or ("has no evidence" if faults.is_shown else "is not shown")
            self.stdout.write(f"{'/'.join(map(str, key.values))}: {what}")
        if not differing:
            self.stdout.write("every cell is what its evidence says")
        elif not options["check"]:
            self.stdout.write(f"{mend(differing)} cells mended")
        if not options["check"] and (boards := mend_versions()):
            self.stdout.write(f"{boards} boards count on from their last revision")
        derived = self._compare_derived(mends=not options["check"])
        broken = history_faults()
        self.stdout.write("\n".join(broken) or "every board's history holds together")
        if options["check"] and (differing or derived):
            raise CommandError(
                f"{len(differing)} cells differ, and {derived} comparisons or factors; run the command without --check "
                "to mend them."
            )
        if broken:
            raise CommandError(
                f"{len(broken)} faults in the history of boards. What cells said before cannot be computed again: "
                "restore boards_cellrevision from a backup."
            )

    def _compare_derived(self, *, mends: bool) -> int:
        """Name each part and factor that differs from what its cells say; returns how many."""
        from measurements.boards.rebuild_derived import factor_differences, mend_derived, part_differences

        parts, factors = part_differences(), factor_differences()
        for key, names in [*parts.items(), *factors.items()]:
            self.stdout.write(f"{'/'.join(map(str, key))}: {', '.join(names)}")
        if not parts and not factors:
            self.stdout.write("every rank, comparison and factor is what its cells say")
        if mends and (changed := mend_derived(parts, factors)):
            self.stdout.write(f"{changed} comparisons or factors derived anew")
        return len(parts) + len(factors)
