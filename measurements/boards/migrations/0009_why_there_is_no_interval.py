"""A value without an interval says why: so far nobody had repeated it."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def give_reasons(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Until now only a single source had no interval."""
    for name in ("Cell", "CellRevision"):
        apps.get_model("boards", name).objects.filter(low_j__isnull=True).update(no_interval="single-source")


class Migration(migrations.Migration):
    dependencies = [("boards", "0008_two_intervals")]

    operations = [
        migrations.AddField("cell", "no_interval", models.CharField(default="", max_length=20)),
        migrations.AddField("cellrevision", "no_interval", models.CharField(default="", max_length=20)),
        migrations.RunPython(give_reasons, migrations.RunPython.noop),
    ]
