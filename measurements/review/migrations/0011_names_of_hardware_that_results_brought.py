"""Names of hardware that uploads brought, and that nobody else uses, become words of their contributor again."""

import re

from django.db import migrations

from joulemark.rules.hardware import gpu_of

ADDRESS = re.compile(r"://|\bwww\.|\w@\w|[^\W\d_][\w-]*\.[a-z]{2,}", re.IGNORECASE)


def attribute_names(apps, _schema_editor):
    """A class of a study or a publisher keeps its name, and so does one that two contributors use."""
    classes = apps.get_model("catalog", "HardwareClass").objects.filter(devices__isnull=False).distinct()
    results = apps.get_model("review", "Result").objects.filter(submission__state="accepted")
    for row in classes.filter(published_figures=None):
        first = row.devices.select_related("contributor").order_by("first_seen_at", "pk").first()
        used = results.filter(hardware_class=row).values_list("contributor_id", "device__tag").distinct()
        contributors, tags = {who for who, _ in used}, {tag for _, tag in used}
        independent = min(len(contributors), len(tags)) >= 2 and not ADDRESS.search(row.title)
        known = row.kind == "gpu" and gpu_of(row.title) is not None
        row.reported_by = first.contributor.pseudonym
        row.name_state = "confirmed" if known or independent else "reported"
        row.save(update_fields=["reported_by", "name_state"])


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0010_decisions_about_names"),
        ("boards", "0007_published_figures_are_plausible"),
        ("contributors", "0003_names_that_pass_for_nobody_else"),
    ]

    operations = [migrations.RunPython(attribute_names, migrations.RunPython.noop)]
