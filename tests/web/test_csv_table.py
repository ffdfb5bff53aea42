"""A table in CSV is written by columns, and every cell is what it would be by itself."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from measurements.web.csv_renderer import harmless, table

NUMBERS = st.integers() | st.floats(allow_nan=False)
WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
) | st.sampled_from(["=1+1", " -2", "@x", "\t", '"'])
SCORES = st.lists(
    WORDS | st.fixed_dictionaries({"metric": st.just("f1"), "value": st.none() | NUMBERS}), max_size=3
)
COLUMNS = st.sampled_from([NUMBERS, WORDS, SCORES, st.booleans(), st.none(), NUMBERS | WORDS | SCORES]).map(
    lambda kind: st.none() | kind
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows whose columns are of one kind each, or of several."""
    kinds = draw(st.lists(COLUMNS, min_size=1, max_size=4))
    row = st.fixed_dictionaries({f"c{number}": kind for number, kind in enumerate(kinds)})
    return draw(st.lists(row, max_size=5))


@given(tables(), st.dictionaries(st.sampled_from(["version", "cite_as"]), WORDS | NUMBERS))
def test_cells_are_what_each_is_by_itself(rows: list[dict[str, Any]], same: dict[str, Any]) -> None:
    """Of a whole table and of tables of one row; columns that are the same in every row stand behind."""
    columns = list(rows[0]) if rows else ["c0"]
    whole = _lines(table(rows, columns, same))
    assert whole[0] == [*columns, *same]
    assert whole[1:] == [line for row in rows for line in _lines(table([row], columns, same))[1:]]


@given(NUMBERS | WORDS | st.none())
def test_a_cell_is_harmless(value: object) -> None:
    """Beside others of its type or of none, as a list's item and as a column's one value."""
    written = str(harmless(value))
    for text in (table([{"c": value}], ["c"]), table([], ["c"], {}) + table([{"c": 0}], ["c"], {"d": value})):
        assert _lines(text)[-1][-1] == written


def _lines(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))
