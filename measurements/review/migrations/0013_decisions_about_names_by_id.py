"""The last decision about a name is said by ids, too, not by clocks."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("review", "0012_method_uncertainty")]
    operations = [migrations.AlterModelOptions(name="namedecision", options={"ordering": ["id"]})]
