"""A table in the width of a terminal: names lose their middle, last columns flow, and rows are folded."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len

from joulemark.cli.progress_text import SEPARATOR, encodable, shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

GAP = "  "
INDENT = " " * 4
MIN_NAME = 24
"""A column of names is not made narrower than this: its rows are folded instead."""
MIN_PROSE = 24
"""The same of the last column, whose words flow."""


class Table:
    """Columns as wide as their longest word. The last one runs on; the names of `name_column` may lose their middle."""

    def __init__(
        self,
        heads: tuple[str, ...],
        rows: Sequence[tuple[str, ...]],
        *,
        name_column: int = 0,
        numbers: frozenset[int] = frozenset(),
    ) -> None:
        self._heads, self._rows = heads, rows
        self._name_column, self._numbers = name_column, numbers
        self._widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]

    def lines(self, *, width: int | None, encoding: str) -> list[str]:
        """The table in `width` cells, None where there is no limit.

        What is too wide has its names shortened and its last column flowing; where that is not enough, each row
        becomes its name with the other cells below it.
        """
        rows = (self._heads, *self._rows)
        if width is None:
            return [line for row in rows for line in self._aligned(row, self._widths, encoding)]
        if (widths := self._fitted(width)) is None:
            return [line for row in self._rows for line in self._folded(row, width, encoding)]
        return [line for row in rows for line in self._aligned(row, widths, encoding)]

    def _fitted(self, width: int) -> list[int] | None:
        """The columns' widths, so that they fit; None where names or last words would have too little room."""
        room = width - len(GAP) * (len(self._widths) - 1)
        fixed = [cells for at, cells in enumerate(self._widths[:-1]) if at != self._name_column]
        room -= sum(fixed)
        name, last = self._widths[self._name_column], self._widths[-1]
        if name + last > room:
            last = max(min(last, MIN_PROSE), room - name)
            name = room - last
        if name < min(self._widths[self._name_column], MIN_NAME):
            return None
        fitted = list(self._widths)
        fitted[self._name_column], fitted[-1] = name, last
        return fitted

    def _aligned(self, row: tuple[str, ...], widths: Sequence[int], encoding: str) -> Iterator[str]:
        cells = []
        for at, (cell, width) in enumerate(zip(row[:-1], widths, strict=False)):
            text = shortened(cell, width, encoding=encoding) if at == self._name_column else cell
            padding = " " * (width - cell_len(text))
            cells.append(padding + text if at in self._numbers else text + padding)
        head = GAP.join(cells)
        indent = " " * (cell_len(head) + len(GAP))
        first, *others = wrap(row[-1], max(widths[-1], 1), break_on_hyphens=False) or [""]
        yield GAP.join([head, first]).rstrip()
        yield from (indent + other for other in others)

    def _folded(self, row: tuple[str, ...], width: int, encoding: str) -> Iterator[str]:
        title = GAP.join(row[: self._name_column + 1])
        yield shortened(title, width, encoding=encoding)
        first = self._name_column + 1
        parts = [
            f"{head} {cell}" for head, cell in zip(self._heads[first:], row[first:], strict=True) if cell
        ]
        yield from flowed_parts(parts, width=width, indent=INDENT, encoding=encoding)


def flowed_parts(parts: Iterable[str], *, width: int, indent: str, encoding: str) -> Iterator[str]:
    """The parts in their order, as many on a line as fit; one that is wider than a line flows by its words."""
    separator = encodable(SEPARATOR, encoding)
    line = ""
    for part in parts:
        if line and cell_len(indent + line + separator + part) <= width:
            line += separator + part
            continue
        if line:
            yield indent + line
        *whole, line = wrap(part, max(width - len(indent), 1), break_long_words=False, break_on_hyphens=False)
        yield from (indent + text for text in whole)
    if line:
        yield indent + line
