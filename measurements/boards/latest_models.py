"""The results that came last, as the front page lists them: a few rows, written when they differ."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from measurements.catalog.models import AiModel, DataSet
from measurements.display.choices import RESULT_GRADES
from measurements.intake.models import State


class LatestResult(models.Model):
    """One of them by its `place`, 0 for the last; what a result without numbers lacks is null or empty.

    A copy, so that the front page is not another one for each upload and verdict (`boards.latest_results`).
    """

    place = models.PositiveSmallIntegerField(primary_key=True)
    result_id = models.CharField(max_length=64)
    state = models.CharField(max_length=20, choices=State)
    received_at = models.DateTimeField()
    model = models.ForeignKey(AiModel, on_delete=models.CASCADE, related_name="+", null=True)
    dataset = models.ForeignKey(DataSet, on_delete=models.CASCADE, related_name="+", null=True)
    energy_per_query_j = models.FloatField(null=True)
    grade = models.CharField(max_length=10, choices=RESULT_GRADES, blank=True)
    scope = models.CharField(max_length=20, blank=True)

    objects: ClassVar[models.Manager[LatestResult]] = models.Manager()

    class Meta:
        ordering = ["place"]

    def __str__(self) -> str:
        return f"{self.place}: {self.result_id}"
