"""How each witness is that is asked for cosignatures, and an index for its last one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0012_leaves_by_kind")]

    operations = [
        migrations.CreateModel(
            name="WitnessState",
            fields=[
                ("witness", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("size", models.BigIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("fault", models.TextField(default="")),
                ("tried_at", models.DateTimeField()),
                ("next_at", models.DateTimeField()),
            ],
            options={"ordering": ["witness"]},
        ),
        migrations.AddIndex(
            model_name="cosignature",
            index=models.Index(fields=["witness", "-checkpoint"], name="cosignature_of_witness"),
        ),
    ]
