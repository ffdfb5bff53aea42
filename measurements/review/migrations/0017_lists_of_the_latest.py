"""When a result was received stands beside what lists are narrowed by, in indexes that have the latest ones first."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def copy_times(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the column from the submissions, in one statement."""
    submissions = apps.get_model("intake", "Submission").objects.filter(pk=models.OuterRef("pk"))
    apps.get_model("review", "Result").objects.order_by().update(
        received_at=models.Subquery(submissions.order_by().values("received_at"))
    )


class Migration(migrations.Migration):
    """A column, what it holds of results that are there, and indexes with it in place of those without."""

    dependencies = [
        ("catalog", "0006_words_have_titles"),
        ("contributors", "0004_words_have_titles"),
        ("intake", "0009_lists_of_the_latest"),
        ("review", "0016_sweep_positions"),
    ]

    operations = [
        migrations.AlterField(
            model_name='result',
            name='dataset',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='catalog.dataset'),
        ),
        migrations.AlterField(
            model_name='result',
            name='hardware_class',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='catalog.hardwareclass'),
        ),
        migrations.AlterField(
            model_name='result',
            name='model',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='results', to='catalog.aimodel'),
        ),
        migrations.AlterField(
            model_name='result',
            name='suite',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='catalog.suite'),
        ),
        migrations.AlterField(
            model_name='result',
            name='task',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='catalog.task'),
        ),
        migrations.AddField("result", "received_at", models.DateTimeField(null=True)),
        migrations.RunPython(copy_times, migrations.RunPython.noop),
        migrations.AlterField("result", "received_at", models.DateTimeField()),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['suite', '-received_at'], name='result_suite_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['task', '-received_at'], name='result_task_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['dataset', '-received_at'], name='result_dataset_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['model', '-received_at'], name='result_model_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['hardware_class', '-received_at'], name='result_hardware_class_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['scope', '-received_at'], name='result_scope_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['stratum', '-received_at'], name='result_stratum_latest'),
        ),
        migrations.AddIndex(
            model_name='result',
            index=models.Index(fields=['grade', '-received_at'], name='result_grade_latest'),
        ),
    ]
