"""CSV tables as rows that know their place and read their own cells strictly: a bad number is never a zero."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from joulemark.published.decimal_numbers import Ambiguous, conventions_of_table, read_number
from joulemark.published.errors import BadRow, UnreadableInput
from joulemark.published.plausible import is_printable, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joulemark.published.decimal_numbers import Convention, Mark
    from joulemark.published.figures import InputFile

CELL_BYTES = 100_000
LEAST_COLUMNS = 2
ABSENT = frozenset({"", "nan", "NaN", "None", "N/A", "n/a"})
"""How tools write that there is no value: pandas, Python, people."""

SEPARATORS: dict[str, str] = {"comma": ",", "semicolon": ";", "tab": "\t"}


@dataclass(frozen=True, kw_only=True)
class TableForm:
    """How a table is written, where it does not tell by itself: its decimal mark, and what stands between cells."""

    decimal: Mark | None = None
    separator: str = "comma"


AS_USUAL = TableForm()


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """A row of a table; `where` is `FILE:LINE`. Cells are asked for by the reader's own names of columns.

    `conventions`: how the numbers of each column may be written, which the cells of the column decide together.
    """

    where: str
    cells: Mapping[str, str]
    conventions: Mapping[str, tuple[Convention, ...]]

    def has(self, column: str) -> bool:
        """Whether the table has the column at all."""
        return column in self.cells

    def text(self, column: str) -> str | None:
        """A cell without the space around it; None where the column or the value is missing. Raises BadRow."""
        value = self.cells.get(column, "").strip()
        if not is_printable(value):
            raise BadRow(self.where, f"{column} is {value[:40]!a}, with characters that cannot be shown")
        return None if value in ABSENT else value

    def words(self, column: str) -> str | None:
        """What a program says there, in one line; None where the column or the value is missing."""
        value = printable(self.cells.get(column, ""))
        return None if value in ABSENT else value

    def needed_text(self, column: str) -> str:
        """The same of a cell that must have a value. Raises BadRow."""
        value = self.text(column)
        if value is None:
            if self.has(column):
                raise BadRow(self.where, f"no {column}")
            raise BadRow(
                self.where,
                f"the table has no column {column}; where it is called otherwise, name it in the map's [columns]",
                file_wide=True,
            )
        return value

    def number(self, column: str) -> float | None:
        """A number of zero or more, None where it is missing. Raises BadRow for anything else."""
        value = self.text(column)
        if value is None:
            return None
        try:
            number = read_number(value, self.conventions[column])
        except Ambiguous as error:
            raise BadRow(
                self.where,
                f"{column} is {value[:40]!r}, which is {error}: say which with --decimal point or --decimal comma",
                rule="ambiguous",
            ) from None
        except ValueError:
            raise BadRow(
                self.where, f"{column} is {value[:40]!r}, not a number", rule="not-a-number"
            ) from None
        if not isfinite(number) or number < 0:
            raise BadRow(
                self.where,
                f"{column} is {value[:40]}, not a finite number of zero or more",
                rule="not-a-number",
            )
        return number

    def whole(self, column: str, most: int) -> int | None:
        """A whole number from 0 to `most`, None where it is missing. Raises BadRow for anything else."""
        number = self.number(column)
        if number is not None and (number > most or not number.is_integer()):
            raise BadRow(
                self.where,
                f"{column} is {self.cells[column][:40]}, not a whole number of up to {most:,}",
                rule="not-a-number",
            )
        return None if number is None else int(number)

    def needed_number(self, column: str) -> float:
        """A number above zero. Raises BadRow: an energy of zero is a reading that failed."""
        self.needed_text(column)
        number = self.number(column)
        if not number:
            raise BadRow(self.where, f"{column} is 0: nothing was read", rule="nothing-read")
        return number


def read_table(
    file: InputFile, renamed: Mapping[str, str], problems: list[BadRow], form: TableForm = AS_USUAL
) -> list[TableRow]:
    """The rows of a CSV file with a heading, in their order; `renamed` says what the file calls a column.

    A ragged row is added to `problems`. Raises UnreadableInput where the file is no such table.
    """
    try:
        text = file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableInput(
            f"{file.name} is not in UTF-8 (byte {error.start}). Save it in UTF-8."
        ) from error
    lines = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=SEPARATORS[form.separator])
    try:
        heading = [name.strip() for name in next(lines, [])]
        _check_separator(file.name, heading, text.partition("\n")[0], form)
        _check_heading(file.name, heading, renamed)
        ours = {theirs: own for own, theirs in renamed.items()}
        names = [ours.get(name, name) for name in heading]
        placed = [(f"{file.name}:{lines.line_num}", cells) for cells in lines if cells]
    except csv.Error as error:
        raise UnreadableInput(
            f"{file.name}:{lines.line_num}: not CSV: a quotation mark is out of place."
        ) from error
    whole = [cells for _, cells in placed if len(cells) == len(names)]
    columns = {
        name: [cell for cells in whole if (cell := cells[place].strip()) not in ABSENT]
        for place, name in enumerate(names)
    }
    conventions = conventions_of_table(columns, form.decimal)
    rows = []
    for where, cells in placed:
        try:
            rows.append(_row(where, names, cells, conventions))
        except BadRow as error:
            problems.append(error)
    return rows


def _check_separator(name: str, heading: list[str], line: str, form: TableForm) -> None:
    """Raises UnreadableInput that names what stands between the cells where that is not what was said."""
    if len(heading) >= LEAST_COLUMNS:
        return
    for separator, sign in SEPARATORS.items():
        if separator != form.separator and line.count(sign) >= LEAST_COLUMNS - 1:
            raise UnreadableInput(
                f"{name} has {separator}s between its cells, not {form.separator}s: say so with "
                f"--separator {separator}."
            )


def _check_heading(name: str, heading: list[str], renamed: Mapping[str, str]) -> None:
    if len(heading) < LEAST_COLUMNS:
        raise UnreadableInput(
            f"{name} has no heading of a CSV table in its first line: give a file whose first line names its columns."
        )
    if not all(is_printable(column) for column in heading):
        raise UnreadableInput(f"{name} has a column whose name has characters that cannot be shown.")
    twice = sorted({column for column in heading if column and heading.count(column) > 1})
    if twice:
        raise UnreadableInput(f"{name} has two columns of one name: {', '.join(twice)}.")
    missing = sorted(set(renamed.values()) - set(heading))
    if missing:
        raise UnreadableInput(
            f"{name} has no column {', '.join(missing)}, which the map names. Mend the map."
        )


def _row(
    where: str, names: list[str], cells: list[str], conventions: Mapping[str, tuple[Convention, ...]]
) -> TableRow:
    if len(cells) != len(names):
        marks = ": put quotation marks around a value that holds what stands between cells"
        more = marks if len(cells) > len(names) else ""
        raise BadRow(where, f"{len(cells)} cells under a heading of {len(names)}{more}")
    if any(len(cell) > CELL_BYTES for cell in cells):
        raise BadRow(where, "a cell is longer than any value of such a table")
    return TableRow(where=where, cells=dict(zip(names, cells, strict=True)), conventions=conventions)
