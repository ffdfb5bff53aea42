"""Series imported with an infinite or impossible number go: no page that shows one can be made. Import them again."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import Q

MOST_KWH, MOST_S = 1e6, 1e9
ENERGIES = [f"{part}_kwh_per_1000" for part in ("energy", "low", "high", "std", "gpu", "cpu", "ram")]


def forget(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Delete every series one of whose numbers is negative, above what a query can take, or none at all."""
    impossible = Q(duration_s__lt=0) | Q(duration_s__gt=MOST_S)
    for name in ENERGIES:
        impossible |= Q(**{f"{name}__lt": 0}) | Q(**{f"{name}__gt": MOST_KWH})
    figures = apps.get_model("boards", "PublishedFigure").objects
    series = list(figures.filter(impossible).values_list("series", flat=True).distinct())
    figures.filter(series__in=series).delete()
    apps.get_model("boards", "PublishedSeries").objects.filter(pk__in=series).delete()


class Migration(migrations.Migration):
    """A migration of its own, because a table with rows on their way out cannot be altered."""

    dependencies = [("boards", "0005_cells"), ("catalog", "0003_known_from")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
