"""Published series are tables of the app `published` from now on: here only the models go, the tables stay."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("boards", "0010_unit_energies")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.DeleteModel("PublishedFigure"),
                migrations.DeleteModel("PublishedSeries"),
            ]
        )
    ]
