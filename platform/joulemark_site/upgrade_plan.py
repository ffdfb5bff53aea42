"""The migrations that a database still needs, and which of them running processes of the code before can bear.

A migration is additive where the code before neither misses what it takes away nor fails to fill what it adds: tables,
nullable columns or columns with a default in the database, indexes, and what touches no table. Anything else wants the
platform closed until the processes of the new code run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelManagers,
    AlterModelOptions,
    CreateModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.executor import MigrationExecutor
from django.db.models import NOT_PROVIDED, ManyToManyField

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.migrations import Migration
    from django.db.migrations.operations.base import Operation
    from django.db.migrations.state import ProjectState

WORDS_OF_A_FIELD = ("choices", "help_text", "verbose_name", "validators", "error_messages", "related_name")
"""Options of a field that no database knows of."""

IN_A_TABLE = (AddConstraint, AddField, AlterField)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One migration; `breaking` describes each operation that the code before cannot bear."""

    name: str
    breaking: tuple[str, ...]


def upgrade_plan(connection: BaseDatabaseWrapper) -> list[Step]:
    """The migrations that are to be run, in their order. Raises DatabaseError."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    state = loader.project_state([node for node in loader.applied_migrations if node in loader.graph.nodes])
    steps = []
    for migration, _ in executor.migration_plan(loader.graph.leaf_nodes()):
        steps.append(step_of(migration, state))
        state = migration.mutate_state(state, preserve=False)
    return steps


def step_of(migration: Migration, state: ProjectState) -> Step:
    """A migration on top of a state of the models."""
    breaking = [
        operation.describe()
        for operation in migration.operations
        if not is_additive(operation, migration.app_label, state)
    ]
    return Step(name=f"{migration.app_label}.{migration.name}", breaking=tuple(breaking))


def is_additive(operation: Operation, app: str, state: ProjectState) -> bool:
    """Whether processes of the code before can go on while, and after, the operation is done."""
    if isinstance(operation, SeparateDatabaseAndState):
        return all(is_additive(inner, app, state) for inner in operation.database_operations)
    if isinstance(operation, IN_A_TABLE) and (app, operation.model_name_lower) not in state.models:
        return True  # the table is new with the same migration
    if isinstance(operation, AddField):
        field = operation.field
        return field.null or field.db_default is not NOT_PROVIDED or isinstance(field, ManyToManyField)
    if isinstance(operation, AlterField):
        return _changes_words_alone(operation, app, state)
    additive = (CreateModel, AddIndex, AddIndexConcurrently, AlterModelOptions, AlterModelManagers)
    return isinstance(operation, additive)


def _changes_words_alone(operation: AlterField, app: str, state: ProjectState) -> bool:
    model = state.models.get((app, operation.model_name_lower))
    before = model.fields.get(operation.name) if model else None
    if before is None:
        return False
    _, before_path, before_args, before_options = before.deconstruct()
    _, path, args, options = operation.field.deconstruct()
    for words in WORDS_OF_A_FIELD:
        before_options.pop(words, None)
        options.pop(words, None)
    return (before_path, before_args, before_options) == (path, args, options)
