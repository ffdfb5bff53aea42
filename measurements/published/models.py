"""Tables of what others have published. They keep the names that they had before they had an app of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.urls import reverse

from joulemark.published.plausible import MOST_KWH, MOST_S
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

STUDY = "study-2024"
"""The published study that comes with the software; other published series are imported."""

_PARTS = ("energy", "low", "high", "std", "gpu", "cpu", "ram")
_MOST = dict.fromkeys((f"{part}_kwh_per_1000" for part in _PARTS), MOST_KWH) | {"duration_s": MOST_S}
"""The most that a number of a published figure can be: nothing infinite, and nothing beyond what a query takes."""


class PublishedSeries(models.Model):
    """What one publisher has published, as it was imported: a series of its own, never combined with another.

    `scope` is what all of its energies cover. `digest` is of the input (files, map, settings); a series is never edited
    but replaced as a whole, and `revision` counts how often that happened. `left_out` is a list of {reason, count,
    examples}: what of the input was not taken.
    """

    slug = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    scope = models.CharField(max_length=20)
    source = models.CharField(max_length=500)
    licence = models.CharField(max_length=200)
    url = models.CharField(max_length=500, blank=True)
    hardware_note = models.CharField(max_length=1000, blank=True)
    digest = models.CharField(max_length=71)
    revision = models.PositiveIntegerField(default=1)
    imported_at = models.DateTimeField()
    left_out = models.JSONField(default=list)

    class Meta:
        db_table = "boards_publishedseries"
        ordering = ["slug"]
        verbose_name_plural = "published series"

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        """The path of the series' page."""
        return reverse("published", args=[self.slug])


class PublishedFigureQuerySet(models.QuerySet["PublishedFigure"]):
    """Reads of published figures."""

    def of_series(self, slug: str) -> Self:
        """Figures of one published series."""
        return self.filter(series__slug=slug)

    def of_tasks(self, tasks: Sequence[Task]) -> Self:
        """Figures on `tasks`, over a task's data sets together and on each of them."""
        return self.filter(task__in=tasks)

    def with_names(self) -> Self:
        """Fetch what a row shows in the same query."""
        return self.select_related("series", "task", "dataset", "model", "hardware_class")


class PublishedFigure(models.Model):
    """A figure of a published series: kWh per 1,000 queries; `duration_s` is seconds per 1,000.

    Without a data set it is over all data sets of the task. `stratum` is the configuration, in words. Spread is over
    the series' own `n_runs` runs. `validity` has the source's own flags of them, in its words; "" where it has none.
    What is null has its reason in `not_known`, by the field's name; a reason of the 2024
    study is that it was not kept.
    """

    series = models.ForeignKey(PublishedSeries, on_delete=models.CASCADE, related_name="figures")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="published_figures")
    dataset = models.ForeignKey(
        DataSet, on_delete=models.PROTECT, null=True, related_name="published_figures"
    )
    model = models.ForeignKey(AiModel, on_delete=models.PROTECT, related_name="published_figures")
    hardware_class = models.ForeignKey(
        HardwareClass, on_delete=models.PROTECT, related_name="published_figures"
    )
    stratum = models.CharField(max_length=200, blank=True, default="")
    energy_kwh_per_1000 = models.FloatField()
    low_kwh_per_1000 = models.FloatField(null=True)
    high_kwh_per_1000 = models.FloatField(null=True)
    std_kwh_per_1000 = models.FloatField(null=True)
    gpu_kwh_per_1000 = models.FloatField(null=True)
    cpu_kwh_per_1000 = models.FloatField(null=True)
    ram_kwh_per_1000 = models.FloatField(null=True)
    duration_s = models.FloatField(null=True)
    not_known = models.JSONField(default=dict)
    n_runs = models.PositiveIntegerField()
    quality = models.JSONField(default=list)
    source = models.CharField(max_length=500)
    validity = models.CharField(max_length=500, blank=True, default="", db_default="")
    updated_at = models.DateTimeField(auto_now=True)

    objects = PublishedFigureQuerySet.as_manager()

    class Meta:
        db_table = "boards_publishedfigure"
        ordering = ["energy_kwh_per_1000", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["series", "task", "dataset", "model", "hardware_class", "stratum"],
                condition=models.Q(dataset__isnull=False),
                name="published_dataset_model",
            ),
            models.UniqueConstraint(
                fields=["series", "task", "model", "hardware_class", "stratum"],
                condition=models.Q(dataset__isnull=True),
                name="published_task_model",
            ),
            models.CheckConstraint(
                condition=models.Q(energy_kwh_per_1000__gt=0), name="published_energy_positive"
            ),
            models.CheckConstraint(condition=models.Q(n_runs__gt=0), name="published_runs_positive"),
            models.CheckConstraint(
                condition=models.Q(
                    *((f"{name}__gte", 0) for name in _MOST), *((f"{n}__lte", m) for n, m in _MOST.items())
                ),
                name="published_numbers_plausible",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.energy_kwh_per_1000} kWh"
