"""Tables of what is derived from evidence for pages. All of it can be derived again."""

from __future__ import annotations

from django.db import models

from measurements.intake.models import Submission


class PowerCurve(models.Model):
    """The power over the time of one run, as a picture shows it.

    `content` holds the fields of `joulemark.energy.power_curve.PowerCurve`; null while a trace that is too large for a
    request waits for the sweep, and where `fault` says why there is no curve. `derivation` is the version of the
    function that derived it.
    """

    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, primary_key=True, related_name="power_curve"
    )
    derivation = models.PositiveSmallIntegerField()
    content = models.JSONField(null=True)
    fault = models.TextField(default="")

    class Meta:
        indexes = [
            # the sweep: what waits for it
            models.Index(
                fields=["submission"],
                name="power_curve_waiting",
                condition=models.Q(content__isnull=True, fault=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk[:12]}: {self.derivation}"


class RuleCount(models.Model):
    """How many verdicts a rule code stands in, and when the first and the last of them were given."""

    code = models.CharField(max_length=40, primary_key=True)
    n_verdicts = models.PositiveBigIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code}: {self.n_verdicts}"


class CountedVerdicts(models.Model):
    """How far verdicts are counted: one row. `last_id` is the last verdict that is in the counts."""

    last_id = models.PositiveBigIntegerField(default=0)
    n_verdicts = models.PositiveBigIntegerField(default=0)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="counted_verdicts_is_one_row")]

    def __str__(self) -> str:
        return f"{self.n_verdicts} up to {self.last_id}"
