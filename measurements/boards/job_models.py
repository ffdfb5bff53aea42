"""Tables of jobs: what is known of one over all hardware, and how often it was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from measurements.catalog.models import AiModel, DataSet, Suite

if TYPE_CHECKING:
    from datetime import date


class JobNeed(models.Model):
    """Counts of a suite's data set and model over all hardware, grades and configurations (`boards.job_needs`).

    The first four are of what boards count, as of the latest `version` of `n_cells` cells, and are derived with these;
    devices are counted by their tag. The last three are derived by the sweep: tickets under which somebody may be
    measuring, results that want replication, views of the last 30 days.
    """

    suite = models.ForeignKey(Suite, on_delete=models.CASCADE, related_name="job_needs")
    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="job_needs")
    model = models.ForeignKey(AiModel, on_delete=models.CASCADE, related_name="job_needs")
    version = models.PositiveBigIntegerField(default=0)
    n_cells = models.PositiveIntegerField(default=0)
    n_results = models.PositiveIntegerField(default=0)
    n_contributors = models.PositiveIntegerField(default=0)
    n_devices = models.PositiveIntegerField(default=0)
    open_tickets = models.PositiveIntegerField(default=0)
    replications_wanted = models.PositiveIntegerField(default=0)
    views = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager[JobNeed]] = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["suite", "dataset", "model"], name="job_need_key"),
        ]

    def __str__(self) -> str:
        return f"{self.suite}: {self.dataset}/{self.model}"


class JobViewsQuerySet(models.QuerySet["JobViews"]):
    """Reads of how often jobs were looked at."""

    def since(self, day: date) -> dict[str, int]:
        """Views of each job from `day` on, by its key `task/dataset/model`."""
        names = ("task", "dataset", "model")
        counted = self.filter(day__gte=day).order_by().values_list(*names).annotate(models.Sum("views"))
        return {"/".join(key): views for *key, views in counted}


class JobViews(models.Model):
    """How often pages that show a data set and a model were looked at on a day: a number and nothing of who looked."""

    day = models.DateField()
    task = models.CharField(max_length=100)
    dataset = models.CharField(max_length=100)
    model = models.CharField(max_length=150)
    views = models.PositiveIntegerField()

    objects = JobViewsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "job views"
        constraints = [
            # also finds the last days of every job
            models.UniqueConstraint(fields=["day", "task", "dataset", "model"], name="job_views_day_job"),
        ]

    def __str__(self) -> str:
        return f"{self.day}: {self.task}/{self.dataset}/{self.model} {self.views}"
