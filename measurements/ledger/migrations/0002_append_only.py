"""The log's head row, and triggers by which the database itself refuses to change or delete a leaf."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "the log is append-only: a leaf is never changed or deleted"

POSTGRESQL = f"""
CREATE FUNCTION ledger_leaf_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{MESSAGE}';
END $$;
CREATE TRIGGER ledger_leaf_append_only BEFORE UPDATE OR DELETE ON ledger_leaf
  FOR EACH ROW EXECUTE FUNCTION ledger_leaf_refuse();
"""
POSTGRESQL_BACK = "DROP TRIGGER ledger_leaf_append_only ON ledger_leaf; DROP FUNCTION ledger_leaf_refuse();"

SQLITE = [
    f"CREATE TRIGGER ledger_leaf_no_{verb} BEFORE {verb} ON ledger_leaf BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    for verb in ("UPDATE", "DELETE")
]
SQLITE_BACK = [f"DROP TRIGGER ledger_leaf_no_{verb}" for verb in ("UPDATE", "DELETE")]


def add_triggers(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in [POSTGRESQL] if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, params=None)


def drop_triggers(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in [POSTGRESQL_BACK] if schema_editor.connection.vendor == "postgresql" else SQLITE_BACK:
        schema_editor.execute(statement, params=None)


def add_head(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("ledger", "LogHead").objects.create(id=1, size=0)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [
        migrations.RunPython(add_head, migrations.RunPython.noop),
        migrations.RunPython(add_triggers, drop_triggers),
    ]
