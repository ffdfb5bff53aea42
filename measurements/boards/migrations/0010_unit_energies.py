"""A cell has its energies per token and per right answer. The first sweep derives them; older revisions have none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("boards", "0009_why_there_is_no_interval")]

    operations = [
        migrations.AddField("cell", "unit_energies", models.JSONField(default=list)),
        migrations.AddField("cellrevision", "unit_energies", models.JSONField(default=list)),
    ]
