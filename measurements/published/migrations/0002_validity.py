"""The source's own flag of a published figure."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("published", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="publishedfigure",
            name="validity",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
    ]
