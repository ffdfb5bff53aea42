"""The head says why nothing is signed, for whoever asks after the platform's health."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_decisions_about_names")]
    operations = [
        migrations.AddField(
            model_name="loghead", name="fault", field=models.TextField(db_default="", default="")
        ),
    ]
