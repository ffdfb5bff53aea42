"""Published series come from the app `boards`: their tables, constraints and rows stay as they are, under their names.

What Django knows beside the tables moves too: the types of content, and with them permissions and the admin's history.
"""

from collections.abc import Callable

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

MODELS = ("publishedseries", "publishedfigure")
ENERGIES = [f"{part}_kwh_per_1000" for part in ("energy", "low", "high", "std", "gpu", "cpu", "ram")]
MOST = dict.fromkeys(ENERGIES, 1e6) | {"duration_s": 1e9}


def types_of(before: str, after: str) -> Callable[[StateApps, BaseDatabaseSchemaEditor], None]:
    """The types of content of one app become those of the other, which has none of its own yet."""

    def move(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        types = apps.get_model("contenttypes", "ContentType").objects.using(schema_editor.connection.alias)
        for model in MODELS:
            if not types.filter(app_label=after, model=model).exists():
                types.filter(app_label=before, model=model).update(app_label=after)

    return move


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("boards", "0011_published_series_move"),
        ("catalog", "0005_pinned_suites"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="PublishedSeries",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("slug", models.CharField(max_length=100, unique=True)),
                        ("title", models.CharField(max_length=200)),
                        ("scope", models.CharField(max_length=20)),
                        ("source", models.CharField(max_length=500)),
                        ("licence", models.CharField(max_length=200)),
                        ("url", models.CharField(blank=True, max_length=500)),
                        ("hardware_note", models.CharField(blank=True, max_length=1000)),
                        ("digest", models.CharField(max_length=71)),
                        ("revision", models.PositiveIntegerField(default=1)),
                        ("imported_at", models.DateTimeField()),
                        ("left_out", models.JSONField(default=list)),
                    ],
                    options={
                        "verbose_name_plural": "published series",
                        "db_table": "boards_publishedseries",
                        "ordering": ["slug"],
                    },
                ),
                migrations.CreateModel(
                    name="PublishedFigure",
                    fields=[
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                        ("stratum", models.CharField(blank=True, default="", max_length=200)),
                        ("energy_kwh_per_1000", models.FloatField()),
                        *((name, models.FloatField(null=True)) for name in (*ENERGIES[1:], "duration_s")),
                        ("not_known", models.JSONField(default=dict)),
                        ("n_runs", models.PositiveIntegerField()),
                        ("quality", models.JSONField(default=list)),
                        ("source", models.CharField(max_length=500)),
                        ("updated_at", models.DateTimeField(auto_now=True)),
                        *(
                            (
                                name,
                                models.ForeignKey(
                                    null=name == "dataset",
                                    on_delete=django.db.models.deletion.PROTECT,
                                    related_name="published_figures",
                                    to=to,
                                ),
                            )
                            for name, to in (
                                ("task", "catalog.task"),
                                ("dataset", "catalog.dataset"),
                                ("model", "catalog.aimodel"),
                                ("hardware_class", "catalog.hardwareclass"),
                            )
                        ),
                        (
                            "series",
                            models.ForeignKey(
                                on_delete=django.db.models.deletion.CASCADE,
                                related_name="figures",
                                to="published.publishedseries",
                            ),
                        ),
                    ],
                    options={
                        "db_table": "boards_publishedfigure",
                        "ordering": ["energy_kwh_per_1000", "id"],
                        "constraints": [
                            models.UniqueConstraint(
                                condition=models.Q(dataset__isnull=False),
                                fields=("series", "task", "dataset", "model", "hardware_class", "stratum"),
                                name="published_dataset_model",
                            ),
                            models.UniqueConstraint(
                                condition=models.Q(dataset__isnull=True),
                                fields=("series", "task", "model", "hardware_class", "stratum"),
                                name="published_task_model",
                            ),
                            models.CheckConstraint(
                                condition=models.Q(energy_kwh_per_1000__gt=0), name="published_energy_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(n_runs__gt=0), name="published_runs_positive"
                            ),
                            models.CheckConstraint(
                                condition=models.Q(
                                    *((f"{name}__gte", 0) for name in MOST),
                                    *((f"{name}__lte", most) for name, most in MOST.items()),
                                ),
                                name="published_numbers_plausible",
                            ),
                        ],
                    },
                ),
            ]
        ),
        migrations.RunPython(types_of("boards", "published"), types_of("published", "boards")),
    ]
