"""What boards of one design share is told apart from what the method leaves open, and the power is kept beside it.

Until now every budget had the sensor's scale in it, by meter, and nothing else that boards share. The power is that of
whole windows; judging again, which the new version of the rules calls for, computes it from the trace.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Case, F, Value, When
from django.db.models.functions import Cast, Greatest, Power, Sqrt

GAIN_U = {"nvml-counter": 0.025, "rapl": 0.05}


def tell_apart(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill both columns from those that are there."""
    results = apps.get_model("review", "Result").objects.all()
    real = models.FloatField()
    gain_u = Case(*(When(meter=meter, then=Value(u)) for meter, u in GAIN_U.items()), default=Value(0.0), output_field=real)
    squares = Greatest(Power(F("relative_u"), 2.0) - Power(gain_u, 2.0), Value(0.0), output_field=real)
    results.filter(relative_u__isnull=False).update(method_u=Sqrt(squares))
    results.filter(duration_s__gt=0).update(
        mean_power_w=F("energy_per_query_j") * Cast(F("queries"), real) / F("duration_s")
    )


class Migration(migrations.Migration):
    """Columns and what they hold of results that are there."""

    dependencies = [("review", "0011_names_of_hardware_that_results_brought")]

    operations = [
        migrations.AddField("result", "method_u", models.FloatField(null=True)),
        migrations.AddField("result", "mean_power_w", models.FloatField(null=True)),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
    ]
