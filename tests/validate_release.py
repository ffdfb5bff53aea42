"""Asks the validators of other projects about a release: run in `build/validators`, with the root and the name.

Prints one JSON object: what each of them found wrong, and the sums that mlcroissant reads out of the tables.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def croissant(folder: Path) -> dict[str, Any]:
    """Errors of mlcroissant, and the cells as it loads them."""
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    cells = list(dataset.records("cells"))
    return {
        "errors": sorted(map(str, issues.errors)),
        "warnings": sorted(map(str, issues.warnings)),
        "cells": [float(cell["cells/energy_per_query_j"]) for cell in cells],
        "events": sum(1 for _ in dataset.records("events")),
    }


def frictionless(folder: Path) -> dict[str, Any]:
    """Errors of Frictionless, which reads every row of every table in CSV."""
    from frictionless import Package, system

    with system.use_context(trusted=True):
        report = Package(str(folder / "datapackage.json")).validate()
    return {
        "errors": [*report.flatten(["title", "note"])],
        "tables": {task.name: task.stats.get("rows") for task in report.tasks},
    }


def ro_crate(folder: Path) -> dict[str, Any]:
    """What the validator of RO-Crate finds missing that is required."""
    command = [
        Path(sys.executable).with_name("rocrate-validator"),
        *("--no-interactive", "-y", "validate", "--offline", "--no-paging", "-p", "ro-crate-1.1"),
        *("--output-format", "json", "-o", folder.parent / "ro-crate.json", folder),
    ]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    report = folder.parent / "ro-crate.json"
    said = json.loads(report.read_text()) if report.exists() else {"failed": ran.stdout + ran.stderr}
    return {"rc": ran.returncode, "report": said}


def main(root: str, name: str) -> None:
    """Print what all of them find."""
    folder = Path(root) / name
    checks = {"croissant": croissant, "frictionless": frictionless, "ro_crate": ro_crate}
    found = {}
    for check, function in checks.items():
        try:
            found[check] = function(folder)
        except Exception as error:  # noqa: BLE001 - the test says what a validator could not bear
            found[check] = {"raised": f"{type(error).__name__}: {error}"}
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
