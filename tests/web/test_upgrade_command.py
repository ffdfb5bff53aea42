"""`manage.py upgrade`: what it backs up, when it closes the platform, and what it finds amiss."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.functions import Now

from joulemark_site import maintenance
from joulemark_site.maintenance import Maintenance, Mode
from joulemark_site.management.commands import upgrade
from joulemark_site.schema_check import schema_faults
from joulemark_site.upgrade_plan import Step, is_additive, step_of
from tests.both_databases import undone

pytestmark = pytest.mark.django_db

BREAKING = Step(name="review.0099_gone", breaking=("Remove field noise from result",))
ADDITIVE = Step(name="review.0098_more", breaking=())


@pytest.fixture
def modes(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Maintenance | None]:
    """The maintenance mode in which each command was called by `upgrade`; the commands themselves do nothing."""
    settings.DATA_DIR = tmp_path
    called: list[Maintenance | None] = []
    monkeypatch.setattr(upgrade, "call_command", lambda *_, **__: called.append(maintenance.current()))
    return called


def run(*words: str) -> str:
    """The command's output."""
    output = StringIO()
    call_command("upgrade", *words, stdout=output, stderr=output)
    return output.getvalue()


def test_it_wants_a_backup_or_the_word_that_there_is_one(modes: list[Maintenance | None]) -> None:
    with pytest.raises(CommandError, match="--backup-to"):
        run()
    assert modes == []
    run("--no-backup")
    assert modes == [None]
    run("--backup-to", "elsewhere")
    assert len(modes) == 3


def test_the_plan_changes_nothing(modes: list[Maintenance | None]) -> None:
    assert run("--plan") == "0 migrations to run\n"
    assert modes == []


@pytest.mark.parametrize(
    ("steps", "is_closed"), [([ADDITIVE], False), ([ADDITIVE, BREAKING], True), ([], False)]
)
def test_it_is_closed_only_for_what_the_code_before_cannot_bear(
    *, steps: list[Step], is_closed: bool, modes: list[Maintenance | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "upgrade_plan", lambda _: steps)
    output = run("--no-backup")
    assert [mode and mode.mode for mode in modes] == [Mode.CLOSED if is_closed else None]
    assert maintenance.current() is None
    assert all(step.name in output for step in steps)
    assert ("Remove field noise" in output) == is_closed


def test_a_mode_that_the_operator_chose_stays(
    modes: list[Maintenance | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = Maintenance(mode=Mode.READ_ONLY, ends_at=None)
    maintenance.begin(chosen)
    monkeypatch.setattr(upgrade, "upgrade_plan", lambda _: [BREAKING])
    run("--no-backup")
    assert modes == [chosen]
    assert maintenance.current() == chosen


def test_a_step_that_fails_leaves_the_platform_closed(
    modes: list[Maintenance | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise CommandError("the disk is full")

    monkeypatch.setattr(upgrade, "upgrade_plan", lambda _: [BREAKING])
    monkeypatch.setattr(upgrade, "call_command", fail)
    with pytest.raises(CommandError, match="the disk is full"):
        run("--no-backup")
    state = maintenance.current()
    assert state is not None
    assert state.mode is Mode.CLOSED


def test_a_database_that_migrations_made_has_no_fault() -> None:
    assert schema_faults() == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DROP TABLE boards_duerefresh CASCADE", "the table boards_duerefresh is missing"),
        ("ALTER TABLE review_result DROP COLUMN noise", "review_result lacks the column noise"),
        (
            "ALTER TABLE review_verdict ALTER COLUMN findings DROP NOT NULL",
            "review_verdict.findings may be empty",
        ),
    ],
)
def test_what_was_done_behind_the_migrations_is_named(
    change: str, fault: str, modes: list[Maintenance | None]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert fault in schema_faults()
    with pytest.raises(CommandError, match="JM-SCHEMA-FAULT"):
        run("--no-backup")


def test_every_index_and_constraint_of_a_model_is_asked_for() -> None:
    n_asked = 0
    for model in apps.get_models():
        table = model._meta.db_table
        for named in (*model._meta.indexes, *model._meta.constraints):
            with undone(), connection.cursor() as cursor:
                cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{named.name}" CASCADE')
                cursor.execute(f'DROP INDEX IF EXISTS "{named.name}"')
                assert schema_faults() == [f"{table} lacks the index or constraint {named.name}"]
            n_asked += 1
    assert n_asked > 40


OLD = ProjectState()
OLD.add_model(
    migrations.state.ModelState(
        "app",
        "Old",
        [("id", models.BigAutoField(primary_key=True)), ("word", models.CharField(max_length=9))],
    )
)
CHOICES = [("a", "A")]
WORD = models.CharField(max_length=9, choices=CHOICES, verbose_name="word")


@pytest.mark.parametrize(
    ("operation", "is_borne"),
    [
        (migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]), True),
        (migrations.AddField("old", "more", models.IntegerField(null=True)), True),
        (migrations.AddField("old", "more", models.DateTimeField(db_default=Now())), True),
        (migrations.AddField("old", "more", models.IntegerField(default=0)), False),
        (migrations.AddField("created", "more", models.IntegerField(default=0)), True),
        (migrations.AddIndex("old", models.Index(fields=["word"], name="by_word")), True),
        (migrations.AddConstraint("old", models.UniqueConstraint(fields=["word"], name="once")), False),
        (migrations.AddConstraint("created", models.UniqueConstraint(fields=["id"], name="once")), True),
        (migrations.AlterField("old", "word", WORD), True),
        (migrations.AlterField("old", "word", models.CharField(max_length=5)), False),
        (migrations.AlterModelOptions("old", {"ordering": ["word"]}), True),
        (migrations.RemoveField("old", "word"), False),
        (migrations.RenameField("old", "word", "words"), False),
        (migrations.DeleteModel("Old"), False),
        (migrations.RunPython(migrations.RunPython.noop), False),
        (migrations.RunSQL("SELECT 1"), False),
        (migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("Old")]), True),
        (migrations.SeparateDatabaseAndState([migrations.RemoveField("old", "word")]), False),
    ],
    ids=lambda value: value.describe() if isinstance(value, Operation) else None,
)
def test_what_the_code_before_can_bear(*, operation: Operation, is_borne: bool) -> None:
    assert is_additive(operation, "app", OLD) == is_borne
    migration = type("Migration", (migrations.Migration,), {"operations": [operation]})("0002_more", "app")
    step = step_of(migration, OLD)
    assert (step.name, step.breaking == ()) == ("app.0002_more", is_borne)
