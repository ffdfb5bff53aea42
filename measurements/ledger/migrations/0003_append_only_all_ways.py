"""Closes the two ways round the triggers of 0002: TRUNCATE on PostgreSQL, INSERT OR REPLACE on SQLite."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "the log is append-only: a leaf is never changed or deleted"

POSTGRESQL = """
CREATE TRIGGER ledger_leaf_no_truncate BEFORE TRUNCATE ON ledger_leaf
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_leaf_refuse();
"""
POSTGRESQL_BACK = "DROP TRIGGER ledger_leaf_no_truncate ON ledger_leaf;"

SQLITE = f"""
CREATE TRIGGER ledger_leaf_no_replace BEFORE INSERT ON ledger_leaf
  WHEN EXISTS (SELECT 1 FROM ledger_leaf WHERE "index" = NEW."index")
  BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
"""
SQLITE_BACK = "DROP TRIGGER ledger_leaf_no_replace"


def add_trigger(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRESQL if postgresql else SQLITE, params=None)


def drop_trigger(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    schema_editor.execute(POSTGRESQL_BACK if postgresql else SQLITE_BACK, params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]
    operations = [migrations.RunPython(add_trigger, drop_trigger)]
