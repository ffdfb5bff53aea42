"""Whether the database has the tables that this code was made for: every migration applied, every column there."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

if TYPE_CHECKING:
    from django.db.models import Model

ASK_AGAIN_S = 300.0
"""How long a schema that fits is believed to: a database may be restored under running processes."""
COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
AND NOT a.attisdropped
"""

_fitted_at: dict[str, float] = {}
"""By the name of a database, when its columns were last complete, on the monotonic clock."""


def schema_fault() -> str:
    """What is missing, in a sentence for the operator; empty where nothing is. Raises DatabaseError."""
    if not _is_migrated():
        return "The tables are behind this code: run `manage.py prepare`."
    database = str(connection.settings_dict["NAME"])
    if time.monotonic() - _fitted_at.get(database, -ASK_AGAIN_S) < ASK_AGAIN_S:
        return ""
    missing = missing_columns()
    if missing:
        names = [f"{table}.{column}" for table, column in missing[:5]]
        return (
            f"Every migration is applied, but the database lacks {', '.join(names)}"
            f"{' and more' if len(missing) > 5 else ''}: it is not the one that these migrations have made. Restore a "
            "backup of this platform."
        )
    _fitted_at[database] = time.monotonic()
    return ""


def models_with_tables() -> list[type[Model]]:
    """The models whose tables migrations make, those between two others among them."""
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def missing_columns() -> list[tuple[str, str]]:
    """Table and name of each column of the models that the database does not have. Raises DatabaseError."""
    columns = _columns()
    return sorted(
        (model._meta.db_table, field.column)
        for model in models_with_tables()
        for field in model._meta.local_concrete_fields
        if field.column and (model._meta.db_table, field.column) not in columns
    )


def _columns() -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(COLUMNS)
            return set(cursor.fetchall())
        cursor.execute(
            "SELECT m.name, p.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS p WHERE m.type = 'table'"
        )
        return set(cursor.fetchall())


def _is_migrated() -> bool:
    try:
        _require_migrated()
    except _Behind:
        return False
    return True


class _Behind(Exception):
    """A migration is not applied."""


@cache
def _require_migrated() -> None:
    """Asked until it is so: from then on the columns tell. Raises _Behind, which is not remembered."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise _Behind


def forget() -> None:
    """Know nothing: for a database that was changed by hand."""
    _require_migrated.cache_clear()
    _fitted_at.clear()
