"""The codes of a verdict's findings, each once and in their order, as the database makes them out of the exact JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Func, JSONField

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

POSTGRESQL = """(SELECT CASE WHEN given.findings IS NULL THEN NULL ELSE (
  SELECT coalesce(jsonb_agg(listed.code ORDER BY listed.place), '[]'::jsonb) FROM (
    SELECT finding ->> 'code' AS code, min(place) AS place
    FROM json_array_elements(given.findings::json) WITH ORDINALITY AS every (finding, place) GROUP BY 1) listed
) END FROM (SELECT %(expressions)s AS findings) given)"""
SQLITE = """(SELECT CASE WHEN given.findings IS NULL THEN NULL ELSE (
  SELECT json_group_array(code) FROM (
    SELECT json_extract(value, '$.code') AS code, min(key) AS place
    FROM json_each(given.findings) GROUP BY 1 ORDER BY 2)
) END FROM (SELECT %(expressions)s AS findings) given)"""


class VerdictCodes(Func):
    """The codes of an expression that has a verdict's findings; NULL where there are none because of no verdict."""

    arity = 1
    output_field = JSONField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        """Out of text that is JSON; `jsonb` would refuse what some findings quote."""
        return self.as_sql(compiler, connection, template=POSTGRESQL, **context)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> tuple[str, Any]:
        """By SQLite's functions for JSON."""
        return self.as_sql(compiler, connection, template=SQLITE, **context)
