"""A number inside a JSON list of entries, such as the score of one metric, as SQL of either database."""

from __future__ import annotations

from typing import Any

from django.db.models import FloatField, Func


class EntryNumber(Func):
    """The number `field` of the first entry of a JSON list whose `key` is `word`; null where there is none.

    `key` and `field` are names of our own; `word` may be anybody's and is passed as a parameter.
    """

    output_field = FloatField()

    def __init__(self, column: str, *, key: str, word: str, field: str) -> None:
        super().__init__(column)
        self.key, self.word, self.number = key, word, field

    def as_postgresql(self, compiler: Any, _connection: Any, **_context: Any) -> tuple[str, tuple[Any, ...]]:
        """SQL with its parameters."""
        column, parameters = compiler.compile(self.source_expressions[0])
        sql = (
            f"(SELECT (entry->>'{self.number}')::double precision FROM jsonb_array_elements({column}) AS entry "  # noqa: S608 - names of our own
            f"WHERE entry->>'{self.key}' = %s LIMIT 1)"
        )
        return sql, (*parameters, self.word)

    def as_sqlite(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, tuple[Any, ...]]:
        """SQL with its parameters."""
        del connection
        column, parameters = compiler.compile(self.source_expressions[0])
        sql = (
            f"(SELECT json_extract(entry.value, '$.{self.number}') FROM json_each({column}) AS entry "  # noqa: S608 - names of our own
            f"WHERE json_extract(entry.value, '$.{self.key}') = %s LIMIT 1)"
        )
        return sql, (*parameters, self.word)
