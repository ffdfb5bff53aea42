"""Whose word the names of hardware classes are: those that results brought wait for somebody to confirm them."""

import hashlib

from django.db import migrations, models


def code_and_confirm(apps, _schema_editor):
    """A class without a device came from a study or a publisher. Results' devices are looked at by review's migration."""
    for row in apps.get_model("catalog", "HardwareClass").objects.iterator():
        row.code = f"{row.kind}-{hashlib.sha256(row.slug.encode()).hexdigest()[:12]}"
        row.name_state = "confirmed"
        row.save(update_fields=["code", "name_state"])


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_known_from")]

    operations = [
        migrations.AddField("hardwareclass", "code", models.CharField(max_length=20, null=True, editable=False)),
        migrations.AddField(
            "hardwareclass",
            "name_state",
            models.CharField(
                choices=[
                    ("reported", "words of a contributor"),
                    ("confirmed", "confirmed"),
                    ("refused", "refused by a moderator"),
                ],
                default="reported",
                max_length=10,
            ),
        ),
        migrations.AddField(
            "hardwareclass", "reported_by", models.CharField(blank=True, default="", max_length=40)
        ),
        migrations.RunPython(code_and_confirm, migrations.RunPython.noop),
        migrations.AlterField(
            "hardwareclass", "code", models.CharField(max_length=20, unique=True, editable=False)
        ),
    ]
