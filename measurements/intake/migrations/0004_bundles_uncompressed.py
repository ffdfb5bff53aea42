"""PostgreSQL keeps bundles as they are: a trace is compressed already, and trying to compress it again takes longer
than verifying it. Rows that are there stay as they are stored; both read the same."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

STORAGE = "ALTER TABLE intake_submission ALTER COLUMN bundle SET STORAGE {}"


def keep_as_it_is(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(STORAGE.format("EXTERNAL"))


def compress(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(STORAGE.format("EXTENDED"))


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_states_and_appeals")]

    operations = [migrations.RunPython(keep_as_it_is, compress)]
