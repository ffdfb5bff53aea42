"""Whether the database has the tables, columns, indexes and constraints of the models, read from the database itself.

What migrations recorded is not asked: a table that somebody dropped, or that an edited migration never made, is missing
whatever they say. Probes ask for tables and columns alone (`measurements.monitoring.schema`); this begins with the same
question and goes on, once for each upgrade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from measurements.monitoring.schema import missing_columns, models_with_tables

if TYPE_CHECKING:
    from django.db.backends.utils import CursorWrapper
    from django.db.models import Model


def schema_faults() -> list[str]:
    """A sentence for each table, column, index or constraint that is missing or not as its model says.

    Raises DatabaseError where the database cannot be asked.
    """
    missing = missing_columns()
    faults = []
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for model in models_with_tables():
            table = model._meta.db_table
            if table not in present:
                faults.append(f"the table {table} is missing")
                continue
            lacking = [column for place, column in missing if place == table]
            faults += [f"{table} lacks the column {column}" for column in lacking]
            faults += _differences(model, cursor)
    return faults


def _differences(model: type[Model], cursor: CursorWrapper) -> list[str]:
    """What is amiss with a table's columns that are there, and with its indexes and constraints."""
    options = model._meta
    columns = connection.introspection.get_table_description(cursor, options.db_table)
    nullable = {column.name: bool(column.null_ok) for column in columns}
    constraints = connection.introspection.get_constraints(cursor, options.db_table)
    faults = [
        f"{options.db_table}.{field.column} {'may not' if field.null else 'may'} be empty"
        for field in options.local_concrete_fields
        if not field.primary_key and nullable.get(field.column, field.null) != field.null
    ]
    return faults + [
        f"{options.db_table} lacks the index or constraint {each.name}"
        for each in (*options.indexes, *options.constraints)
        if each.name not in constraints
    ]
