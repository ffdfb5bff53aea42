"""The tables of a release for readers: `python -m joulemark.release.page docs/data.md` writes them into the page.

Text outside the two marks is written by hand and is left unchanged.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark.release.tables import TABLES

if TYPE_CHECKING:
    from joulemark.release.columns import Column, Table

BEGIN = "<!-- tables: written by `make release-docs` from joulemark.release. Edit the tables, not this section. -->"
END = "<!-- tables: end -->"
PARTITIONS = {
    "leaf": "Rows are only ever added, by ranges of the log.",
    "snapshot": "Whole in each release.",
}


def section() -> str:
    """Every table under a heading of its own, with its columns."""
    return "\n".join(_entry(table) for table in TABLES)


def with_tables(page: str) -> str:
    """`page` with the text between the marks regenerated. Raises ValueError if a mark is missing."""
    before, begun, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (begun and ended):
        raise ValueError(f"The page needs the lines {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{section()}\n{END}{after}"


def _entry(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    forms = ", ".join(f"`.{form}`" for form in table.forms)
    lines = [
        f"### {table.name}\n",
        f"{table.description} {PARTITIONS[table.partition]} Key: {key}. Files: {forms}.\n",
        "| Column | Kind | Unit | |",
        "|---|---|---|---|",
        *map(_line, table.columns),
        "",
    ]
    return "\n".join(lines)


def _line(column: Column) -> str:
    kind = column.kind + (", may be null" if column.nullable else "")
    return f"| `{column.name}` | {kind} | {column.unit} | {column.description} |"


def main(arguments: list[str]) -> int:
    """Rewrite the page that is named."""
    (path,) = arguments
    page = Path(path)
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
