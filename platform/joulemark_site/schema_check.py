"""Whether the database has the tables, columns and indexes of the models, read from the database itself.

What migrations recorded is not asked: a table that somebody dropped, or that an edited migration never made, is missing
whatever they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model


def schema_faults(connection: BaseDatabaseWrapper) -> list[str]:
    """A sentence for each table, column, index or constraint that is missing or not as its model says.

    Raises DatabaseError where the database cannot be asked.
    """
    faults = []
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for model in apps.get_models(include_auto_created=True):
            options = model._meta
            if not options.managed or options.proxy:
                continue
            table = options.db_table
            if table not in present:
                faults.append(f"the table {table} is missing")
                continue
            columns = connection.introspection.get_table_description(cursor, table)
            constraints = connection.introspection.get_constraints(cursor, table)
            faults += _column_faults(model, {column.name: bool(column.null_ok) for column in columns})
            named = [*options.indexes, *options.constraints]
            faults += [
                f"{table} lacks the index or constraint {each.name}"
                for each in named
                if each.name not in constraints
            ]
    return faults


def _column_faults(model: type[Model], nullable: dict[str, bool]) -> list[str]:
    """What is amiss with a table's columns; `nullable` says of each that is there whether it may be null."""
    table = model._meta.db_table
    faults = []
    for field in model._meta.local_concrete_fields:
        column = field.column
        if column not in nullable:
            faults.append(f"{table} lacks the column {column}")
        elif nullable[column] != field.null and not field.primary_key:
            faults.append(f"{table}.{column} {'may' if nullable[column] else 'may not'} be empty")
    return faults
