"""Peer of benchmarks/scale.py: Django as in its tutorial, a ListView over the platform's tables, 100 rows a page.

No middleware, no cache, the columns of a row and their names in one query beside the count that the paginator asks for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from psycopg.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from django.db.models import QuerySet

PLACE = conninfo_to_dict(os.environ["DATABASE_URL"])
TEMPLATE = """<!doctype html><title>rows</title><table>
{% for row in page_obj %}<tr><td>{{ row.dataset.title }}<td>{{ row.model.title }}<td>{{ row.hardware_class.title }}
<td>{{ row.grade }}<td>{{ row.scope }}<td>{{ row.stratum }}<td>{{ row.energy_per_query_j|floatformat:4 }}
<td>{{ row.low_j }}<td>{{ row.high_j }}<td>{{ row.n_contributors }}
<td>{{ row.n_devices }}<td>{{ row.n_results }}<td>{{ row.started_at }}{% endfor %}</table>
<p>{{ page_obj.number }} / {{ page_obj.paginator.num_pages }}"""

settings.configure(
    SECRET_KEY="a benchmark",  # noqa: S106 - it signs nothing
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": PLACE["dbname"],
            "USER": PLACE["user"],
            "HOST": PLACE["host"],
            "CONN_MAX_AGE": None,
        }
    },
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"list.html": TEMPLATE})]},
        }
    ],
    USE_TZ=True,
    INSTALLED_APPS=[],
)
django.setup()

from django.db import models
from django.urls import path
from django.views.generic import ListView


class Named(models.Model):
    """Something with a title."""

    title = models.CharField(max_length=200)

    class Meta:
        abstract = True
        app_label = "stock"
        managed = False

    def __str__(self) -> str:
        return self.title


class Task(Named):
    """A task."""

    slug = models.CharField(max_length=100)

    class Meta(Named.Meta):
        db_table = "catalog_task"


class DataSet(Named):
    """A data set."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT)

    class Meta(Named.Meta):
        db_table = "catalog_dataset"


class AiModel(Named):
    """A model."""

    class Meta(Named.Meta):
        db_table = "catalog_aimodel"


class HardwareClass(Named):
    """A hardware class."""

    class Meta(Named.Meta):
        db_table = "catalog_hardwareclass"


class Row(models.Model):
    """What cells and results have in common."""

    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT)
    model = models.ForeignKey(AiModel, on_delete=models.PROTECT)
    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT)
    grade = models.CharField(max_length=10)
    scope = models.CharField(max_length=20)
    stratum = models.CharField(max_length=60)
    energy_per_query_j = models.FloatField()

    objects: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        abstract = True
        app_label = "stock"
        managed = False

    def __str__(self) -> str:
        return str(self.energy_per_query_j)


class Cell(Row):
    """A cell."""

    low_j = models.FloatField(null=True)
    high_j = models.FloatField(null=True)
    n_contributors = models.IntegerField()
    n_devices = models.IntegerField()
    n_results = models.IntegerField()

    class Meta(Row.Meta):
        db_table = "boards_cell"


class Result(Row):
    """A result."""

    submission_id = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField()

    class Meta(Row.Meta):
        db_table = "review_result"


class Rows(ListView):  # type: ignore[type-arg]  # generic only in its stubs
    """A hundred rows."""

    template_name = "list.html"
    paginate_by = 100


class CellList(Rows):
    """Cells of a task, least energy first."""

    def get_queryset(self) -> QuerySet[Any]:
        """The task's cells with the names of what they are about."""
        cells = Cell.objects.filter(dataset__task__slug=self.kwargs["task"])
        return cells.select_related("dataset", "model", "hardware_class").order_by("energy_per_query_j", "id")


class ResultList(Rows):
    """Results, latest first."""

    def get_queryset(self) -> QuerySet[Any]:
        """All results with the names of what they are about."""
        return Result.objects.select_related("dataset", "model", "hardware_class").order_by("-submission_id")


urlpatterns = [path("cells/<slug:task>/", CellList.as_view()), path("results/", ResultList.as_view())]
application = get_wsgi_application()
