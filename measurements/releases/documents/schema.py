"""schema.json: every table with its columns, kinds, units and meanings, as `joulemark.release.tables` has them."""

from __future__ import annotations

from typing import Any

from joulemark.release.tables import TABLES

FORMAT = "joulemark-schema/1"
KINDS = {
    "timestamp": "microseconds in UTC; in text forms ISO 8601 with Z",
    "json": "the text of a JSON value; in JSON Lines the value itself",
    "binary": "bytes; in text forms hex",
    "list<string>": "a list; in CSV its JSON",
    "list<int64>": "a list; in CSV its JSON",
}


def schema() -> dict[str, Any]:
    """The description of all tables."""
    return {
        "format": FORMAT,
        "kinds": KINDS,
        "tables": [
            {
                "name": table.name,
                "description": table.description,
                "partition": table.partition,
                "key": list(table.key),
                "licence": table.licence,
                "forms": list(table.forms),
                "columns": [
                    {
                        "name": column.name,
                        "kind": column.kind,
                        "unit": column.unit or None,
                        "nullable": column.nullable,
                        "description": column.description,
                    }
                    for column in table.columns
                ],
            }
            for table in TABLES
        ],
    }
