"""A leaf is written first and gets its place later: `index` was the primary key and becomes a column of its own.

The old key's numbers stay as ids, so rows that point to a leaf still do; they are the places of those leaves too.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL_OLD = """
DROP TRIGGER ledger_leaf_append_only ON ledger_leaf;
DROP TRIGGER ledger_leaf_no_truncate ON ledger_leaf;
"""
SQLITE_OLD = [f"DROP TRIGGER ledger_leaf_no_{verb}" for verb in ("UPDATE", "DELETE", "replace")]
KINDS = [
    ("key-enrolled", "Key Enrolled"),
    ("key-rotated", "Key Rotated"),
    ("key-revoked", "Key Revoked"),
    ("run-started", "Run Started"),
    ("result-received", "Result Received"),
    ("verdict", "Verdict"),
    ("moderation", "Moderation"),
    ("withdrawal", "Withdrawal"),
    ("appeal", "Appeal"),
]


def drop_triggers(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in [POSTGRESQL_OLD] if postgresql else SQLITE_OLD:
        schema_editor.execute(statement, params=None)


def keep_places(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    leaf = apps.get_model("ledger", "Leaf")
    leaf.objects.update(index=models.F("id"))
    apps.get_model("ledger", "LogHead").objects.update(size=leaf.objects.count())
    last = leaf.objects.aggregate(models.Max("id"))["id__max"]
    if last is None:
        return
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("SELECT setval(pg_get_serial_sequence('ledger_leaf', 'id'), %s, false)", [last + 1])
    else:
        schema_editor.execute("DELETE FROM sqlite_sequence WHERE name = 'ledger_leaf'", params=None)
        schema_editor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('ledger_leaf', %s)", [last])


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_alter_leaf_kind")]
    operations = [
        migrations.RunPython(drop_triggers),
        migrations.AlterModelOptions(
            name="leaf", options={"ordering": ["id"], "verbose_name_plural": "leaves"}
        ),
        migrations.RenameField(model_name="leaf", old_name="index", new_name="id"),
        migrations.AlterField(
            model_name="leaf",
            name="id",
            field=models.BigAutoField(
                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
            ),
        ),
        migrations.AlterField(
            model_name="leaf", name="kind", field=models.CharField(choices=KINDS, max_length=20)
        ),
        migrations.AddField(
            model_name="leaf",
            name="index",
            field=models.BigIntegerField(editable=False, null=True, unique=True),
        ),
        migrations.AddField(model_name="loghead", name="checked", field=models.BigIntegerField(default=0)),
        migrations.AddField(model_name="loghead", name="pruned", field=models.BigIntegerField(default=0)),
        migrations.RunPython(keep_places),
    ]
