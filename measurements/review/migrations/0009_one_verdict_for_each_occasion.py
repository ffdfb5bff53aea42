"""One verdict for each submission, cause and occasion; and what is last is said by ids, not by clocks.

Of the verdicts of before, the first under each version of the rules and the first after a revocation get the occasion
that they would be given now. What was given again has one of its own, so that it is neither lost nor in the way.
"""

from datetime import UTC

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TOGETHER = 1000


def name_occasions(apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    verdict = apps.get_model("review", "Verdict")
    taken: set[tuple[str, str, str]] = set()
    changed = []
    rows = verdict.objects.select_related("submission__key").defer("findings", "submission__bundle")
    for row in rows.order_by("id").iterator(chunk_size=TOGETHER):
        wanted = _occasion(row)
        key = row.submission_id, row.cause, wanted
        row.occasion = wanted if key not in taken else f"{wanted[:20]}#{row.pk}"
        taken.add(key)
        if row.occasion:
            changed.append(row)
        if len(changed) == TOGETHER:
            verdict.objects.bulk_update(changed, ["occasion"])
            changed = []
    verdict.objects.bulk_update(changed, ["occasion"])


def _occasion(row) -> str:
    if row.cause == "new-rules":
        return row.rules_version
    since = row.submission.key.untrusted_since
    if row.cause == "key-revoked" and since is not None:
        return since.astimezone(UTC).isoformat()
    return ""


class Migration(migrations.Migration):
    dependencies = [("review", "0008_findings_as_they_were_written")]
    operations = [
        migrations.AlterModelOptions(name="appeal", options={"ordering": ["id"]}),
        migrations.AlterModelOptions(name="moderation", options={"ordering": ["id"]}),
        migrations.AlterModelOptions(name="transition", options={"ordering": ["id"]}),
        migrations.AlterModelOptions(name="verdict", options={"ordering": ["id"]}),
        migrations.AddField(
            model_name="verdict",
            name="occasion",
            field=models.CharField(db_default="", default="", max_length=40),
        ),
        migrations.RunPython(name_occasions, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="verdict",
            constraint=models.UniqueConstraint(
                fields=("submission", "cause", "occasion"), name="verdict_once"
            ),
        ),
    ]
