"""Which tables a view has read: one that it has not declared must not stay unnoticed, or an answer would go stale."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps

from measurements.answer_cache.models import TableVersion

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = re.compile(r"[a-z_][a-z0-9_]*")


class TableReads:
    """For `connection.execute_wrapper`: notes what is asked of the database."""

    def __init__(self) -> None:
        self._statements: set[str] = set()

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's
        context: Any,
    ) -> Any:
        """Note a statement and run it."""
        self._statements.add(sql)
        return execute(sql, params, many, context)

    @property
    def tables(self) -> set[str]:
        """The tables of models that the statements name, but for that of versions, which no answer shows."""
        return {name for sql in self._statements for name in NAME.findall(sql)} & _known_tables()


@cache
def _known_tables() -> frozenset[str]:
    every = frozenset(model._meta.db_table for model in apps.get_models(include_auto_created=True))
    return every - {TableVersion._meta.db_table}
