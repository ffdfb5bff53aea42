"""Lists of the verdicts of one version of the rules, or with one outcome, read an index of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two indexes."""

    dependencies = [("review", "0018_transitions_by_time")]

    operations = [
        migrations.AddIndex(
            model_name="verdict",
            index=models.Index(fields=["rules_version", "id"], name="verdict_rules_version"),
        ),
        migrations.AddIndex(
            model_name="verdict",
            index=models.Index(fields=["state", "id"], name="verdict_state"),
        ),
    ]
