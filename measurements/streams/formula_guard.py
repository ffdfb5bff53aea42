"""Cells that a spreadsheet might run as a formula (OWASP, "CSV Injection") get an apostrophe in front, reversibly.

What is guarded is text that begins with any number of apostrophes, then any number of spaces, then one of the
characters that begin a formula. One apostrophe is put in front of it; whoever wants the text itself takes one away from
a cell of that shape. No other text changes, and no two texts become the same cell.
"""

from __future__ import annotations

import re

FORMULA = re.compile(r"'* *[=+\-@\t\r\n]")
GUARDED = re.compile(r"'+ *[=+\-@\t\r\n]")


def guarded(text: str) -> str:
    """The text as a cell."""
    return f"'{text}" if FORMULA.match(text) else text


def unguarded(cell: str) -> str:
    """The text of a cell: the inverse of `guarded`."""
    return cell[1:] if GUARDED.match(cell) else cell


def guarded_in_sql(value: str) -> str:
    """The same as PostgreSQL evaluates it. `value` is an expression of type text.

    Most texts begin with a letter or a digit: one or two comparisons of bytes tell so, and only the rest is matched.
    """
    by_byte = f'{value} COLLATE "C"'
    return (
        f"CASE WHEN {by_byte} >= 'A' THEN {value} WHEN {by_byte} >= '.' AND {by_byte} < '=' THEN {value} "
        f"WHEN {value} ~ E'^\\'* *[=+\\\\-@\\t\\r\\n]' THEN '''' || {value} ELSE {value} END"
    )
