"""Tables of monitoring: when periodic work last ended, which alarms are raised, and what the watch has counted."""

from __future__ import annotations

from django.db import models


class PeriodicRun(models.Model):
    """When a periodic work ended well the last time. Until it has, `expected_since` says since when it should have."""

    name = models.CharField(max_length=60, primary_key=True)
    expected_since = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class RaisedAlarm(models.Model):
    """An alarm that is raised. `sentence` is what its last message said; the row goes when the alarm ends."""

    name = models.CharField(max_length=40, primary_key=True)
    raised_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True)
    sentence = models.TextField()

    def __str__(self) -> str:
        return self.name


class WatchedFigure(models.Model):
    """A number that the watch derives from rows, for a monitor: a total that only rises, or how something is now.

    `label` is empty, a state, or the upper bound of a histogram's bucket. Only the watch writes.
    """

    name = models.CharField(max_length=60)
    label = models.CharField(max_length=40, default="")
    value = models.FloatField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "label"], name="watched_figure_name_label")]

    def __str__(self) -> str:
        return f"{self.name} {self.label}: {self.value}"
