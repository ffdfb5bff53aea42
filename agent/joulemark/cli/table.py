"""A table on the terminal: no line of it is wider than that. In a file or a pipe nothing is cut and nothing folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from joulemark.cli.output import CommandOutput


def print_table(
    output: CommandOutput,
    heads: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    *,
    name_column: int = 0,
    numbers: Iterable[int] = (),
) -> None:
    """The rows under their heads; the columns `numbers` end in line. With `--json` nothing is printed."""
    if output.as_json:
        return
    from joulemark.cli.table_layout import Table

    table = Table(heads, rows, name_column=name_column, numbers=frozenset(numbers))
    for line in table.lines(width=output.width, encoding=output.encoding):
        output.say_verbatim(line)
