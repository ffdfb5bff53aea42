"""JSON that a row gives back to the last digit: kept as text, in one encoding.

A database's own JSON type is for searching, not for keeping: PostgreSQL's `jsonb` writes 1.23456789e23 as another
number than it was given, makes 1e16 a whole number, and takes no NUL. What the log hashes must not depend on that, nor
on how a library spells a number today: Python's `json` writes the shortest digits that give the same double again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from joulemark.record.exact_json import exact_text

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    Text = models.TextField[Any, Any]
else:
    Text = models.TextField


class ExactJSONField(Text):
    """A JSON value as text."""

    if TYPE_CHECKING:  # where django-stubs look for what may be written and what is read
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    description = "JSON, kept to the last digit"

    def from_db_value(
        self, value: str | None, _expression: object, _connection: BaseDatabaseWrapper
    ) -> object:
        """The value that was written."""
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: object) -> str | None:
        """The text that is kept."""
        return None if value is None else exact_text(value)

    def value_to_string(self, obj: models.Model) -> str:
        """The text in a dump of the database (`manage.py dumpdata`)."""
        return exact_text(self.value_from_object(obj))

    def to_python(self, value: object) -> object:
        """The value of a dump's text."""
        return json.loads(value) if isinstance(value, str) else value
