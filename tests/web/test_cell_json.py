"""JSON columns of cells say what Django's own field says, and are columns of that field to migrations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connection, models
from django.db.models.expressions import Value
from django.db.models.fields.json import KeyTransform
from hypothesis import given
from hypothesis import strategies as st

from measurements.boards.cell_json import CellJSONField

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = st.integers() | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
COLUMN = Value(None)


@given(VALUES)
def test_what_is_decoded_is_what_json_decodes(value: Any) -> None:
    """Of every value: numbers of any size and what is infinite too, which only `json` reads."""
    text = json.dumps(value)
    ours = CellJSONField().from_db_value(text, COLUMN, connection)
    assert json.dumps(ours) == json.dumps(models.JSONField().from_db_value(text, COLUMN, connection)) == text


def test_what_is_asked_for_within_a_column_is_as_django_gives_it() -> None:
    """A database gives a string out of a column as JSON or as itself, which Django's field knows."""
    within = KeyTransform("metric", COLUMN)
    values: tuple[Any, ...] = ('"accuracy"', None, 0.5)
    for value in values:
        fields: Sequence[models.JSONField] = (CellJSONField(), models.JSONField())
        ours, stock = (field.from_db_value(value, within, connection) for field in fields)
        assert ours == stock


def test_migrations_see_the_field_of_django() -> None:
    """A column's own type is none of the decoder's business."""
    ours, stock = CellJSONField(default=dict), models.JSONField(default=dict)
    assert ours.deconstruct()[1:] == stock.deconstruct()[1:]
