"""Checkpoints and cosignatures, and triggers by which the database itself refuses to change or delete a row.

Of a leaf one change is let through: it gets its place, once, with everything else as it was.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

MESSAGE = "the log is append-only: a row of it is never changed or deleted"
COLUMNS = ("id", "kind", "subject", "body", "leaf_hash", "logged_at")

POSTGRESQL_LEAF = f"""
CREATE OR REPLACE FUNCTION ledger_leaf_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '{MESSAGE}';
END $$;
CREATE FUNCTION ledger_leaf_placed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before ledger_leaf%ROWTYPE := NEW;
BEGIN
  before."index" := NULL;
  IF NEW."index" IS NULL OR before IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION '{MESSAGE}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ledger_leaf_placed_once BEFORE UPDATE ON ledger_leaf
  FOR EACH ROW EXECUTE FUNCTION ledger_leaf_placed();
CREATE TRIGGER ledger_leaf_no_delete BEFORE DELETE ON ledger_leaf
  FOR EACH ROW EXECUTE FUNCTION ledger_leaf_refuse();
CREATE TRIGGER ledger_leaf_no_truncate BEFORE TRUNCATE ON ledger_leaf
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_leaf_refuse();
"""
POSTGRESQL_TABLE = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
  FOR EACH ROW EXECUTE FUNCTION ledger_leaf_refuse();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_leaf_refuse();
"""
SQLITE_REFUSE = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
SQLITE_LEAF = [
    "CREATE TRIGGER ledger_leaf_placed_once BEFORE UPDATE ON ledger_leaf "
    'WHEN OLD."index" IS NOT NULL OR NEW."index" IS NULL OR '
    + " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in COLUMNS)
    + f' OR EXISTS (SELECT 1 FROM ledger_leaf WHERE "index" = NEW."index") {SQLITE_REFUSE}',
    f"CREATE TRIGGER ledger_leaf_no_delete BEFORE DELETE ON ledger_leaf {SQLITE_REFUSE}",
    "CREATE TRIGGER ledger_leaf_no_replace BEFORE INSERT ON ledger_leaf "
    'WHEN EXISTS (SELECT 1 FROM ledger_leaf WHERE id = NEW.id OR "index" = NEW."index") ' + SQLITE_REFUSE,
]
SQLITE_KEYS = {
    "ledger_checkpoint": "size = NEW.size",
    "ledger_cosignature": "id = NEW.id OR (checkpoint_id = NEW.checkpoint_id AND witness = NEW.witness)",
}


def add_triggers(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        statements = [POSTGRESQL_LEAF, *(POSTGRESQL_TABLE.format(table=table) for table in SQLITE_KEYS)]
    else:
        statements = [*SQLITE_LEAF]
        for table, same in SQLITE_KEYS.items():
            statements += [
                f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} {SQLITE_REFUSE}"
                for verb in ("UPDATE", "DELETE")
            ]
            statements.append(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
                f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) {SQLITE_REFUSE}"
            )
    for statement in statements:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_an_index_of_its_own")]
    operations = [
        migrations.AddIndex(
            model_name="leaf",
            index=models.Index(
                fields=["id"], name="leaf_waiting", condition=models.Q(("index__isnull", True))
            ),
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.CharField(max_length=64)),
                ("note", models.TextField()),
                ("signed_at", models.DateTimeField()),
            ],
            options={"ordering": ["size"]},
        ),
        migrations.CreateModel(
            name="Cosignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("witness", models.CharField(max_length=200)),
                ("line", models.TextField()),
                ("added_at", models.DateTimeField(auto_now_add=True)),
                (
                    "checkpoint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cosignatures",
                        to="ledger.checkpoint",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkpoint", "witness"), name="cosignature_checkpoint_witness"
                    )
                ],
            },
        ),
        migrations.RunPython(add_triggers),
    ]
