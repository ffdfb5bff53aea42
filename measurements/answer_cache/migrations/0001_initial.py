from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="TableVersion",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "table_name", "writer", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("table_name", models.CharField(max_length=63)),
                ("writer", models.IntegerField()),
                ("version", models.DecimalField(decimal_places=0, max_digits=40)),
            ],
        ),
    ]
