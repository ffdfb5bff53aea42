"""Which of the names that are there already may be shown; the oldest of those that look alike keeps its own."""

import re

from django.db import migrations, models

from joulemark.record.display_name import fault_of_name, name_key

SIMULATED = re.compile(r"simulated--?[0-9]{1,12}-[0-9a-f]{6}-[0-9]{4,6}(?:-key-[1-9])?")
"""Names of crowds that a platform has made up itself."""


def key_the_names(apps, _schema_editor):
    """A name that may not be shown stays in its row without a key: the pseudonym is shown in its place."""
    contributors = apps.get_model("contributors", "Contributor").objects
    used = set()
    for contributor in contributors.exclude(display_name=None).order_by("created_at", "pk").iterator():
        name = contributor.display_name
        if fault_of_name(name) and not SIMULATED.fullmatch(name):
            continue
        key = name_key(name)
        if key not in used:
            used.add(key)
            contributors.filter(pk=contributor.pk).update(name_key=key)


class Migration(migrations.Migration):
    dependencies = [("contributors", "0002_keys_end")]

    operations = [
        migrations.AddField(
            model_name="contributor",
            name="name_key",
            field=models.CharField(max_length=64, null=True, unique=True),
        ),
        migrations.RunPython(key_the_names, migrations.RunPython.noop),
    ]
