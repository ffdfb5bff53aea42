"""Asks the validators of other projects about a release: run in `build/validators`, with the root and the name.

Prints one JSON object: what each of them found wrong, and the sums that mlcroissant reads out of the tables.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar


def croissant(folder: Path) -> dict[str, Any]:
    """Errors of mlcroissant, and the cells as it loads them."""
    import mlcroissant

    dataset = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    cells = list(dataset.records("cells"))
    names = [records.uuid for records in dataset.metadata.record_sets]
    return {
        "errors": sorted(map(str, issues.errors)),
        "warnings": sorted(map(str, issues.warnings)),
        "cells": [float(cell["cells/energy_per_query_j"]) for cell in cells],
        "events": sum(1 for name in names if name.startswith("events-") for _ in dataset.records(name)),
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


SCHEMA = "http://schema.org/"
CRATE_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
TERMS = (
    *(
        "CreativeWork",
        "Dataset",
        "Organization",
        "about",
        "author",
        "contentSize",
        "datePublished",
        "description",
    ),
    *(
        "encodingFormat",
        "hasPart",
        "identifier",
        "keywords",
        "license",
        "name",
        "publisher",
        "url",
        "version",
    ),
)
"""Terms of schema.org 10, of which RO-Crate 1.1 has all; whatever else the metadata used would not be found."""


class _Context:
    """The part of RO-Crate's context that these terms are: a test asks no network."""

    status_code = 200
    headers: ClassVar[dict[str, str]] = {"Content-Type": "application/ld+json"}

    def json(self) -> dict[str, Any]:
        """The document."""
        terms = {term: SCHEMA + term for term in TERMS}
        return {
            "@context": terms
            | {"File": f"{SCHEMA}MediaObject", "conformsTo": "http://purl.org/dc/terms/conformsTo"}
        }

    @property
    def text(self) -> str:
        """The document's text."""
        return json.dumps(self.json())

    @property
    def content(self) -> bytes:
        """The document's bytes."""
        return self.text.encode()

    def raise_for_status(self) -> None:
        """It was found."""


def ro_crate(folder: Path) -> dict[str, Any]:
    """What the validator of RO-Crate finds missing that is required."""
    from rocrate_validator import services
    from rocrate_validator.utils.http import HttpRequester

    def get(_requester: object, address: str, **_options: object) -> _Context:
        if address != CRATE_CONTEXT:
            raise ConnectionError(f"{address} is not asked for in a test")
        return _Context()

    HttpRequester.get = get
    result = services.validate(
        {
            "rocrate_uri": str(folder),
            "profile_identifier": "ro-crate-1.1",
            "requirement_severity": "REQUIRED",
            "skip_availability_check": True,
        }
    )
    return {"errors": [str(issue.message) for issue in result.get_issues()]}


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
