"""Tables of judgement. A verdict is kept for ever; a result is derived from the bundle and can be rebuilt from it."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models

from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task
from measurements.contributors.models import Contributor, Device
from measurements.intake.models import State, Submission
from measurements.ledger.models import Leaf


class Verdict(models.Model):
    """What the rules said about a submission. `findings` is a list of {code, severity, sentence}."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="verdicts")
    rules_version = models.CharField(max_length=20)
    state = models.CharField(max_length=12, choices=State)
    findings = models.JSONField(default=list)
    judged_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["judged_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "rules_version"], name="verdict_submission_rules"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: {self.state}"


class ModerationReason(models.TextChoices):
    """Why a moderator decided as they did; public, like the decision."""

    EVIDENCE_HOLDS = "evidence-holds", "the evidence holds after a closer look"
    EVIDENCE_FAILS = "evidence-fails", "the evidence does not hold"
    KEY_MISUSED = "key-misused", "the key was misused"
    CONTRIBUTOR_ASKED = "contributor-asked", "the contributor asked for it"


class Moderation(models.Model):
    """A person's decision about a quarantined submission, with its reason. Kept for ever, and a leaf of the log."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="moderations")
    moderator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    state = models.CharField(max_length=12, choices=[(s, s.label) for s in (State.ACCEPTED, State.REJECTED)])
    reason = models.CharField(max_length=30, choices=ModerationReason)
    decided_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["decided_at", "id"]

    def __str__(self) -> str:
        return f"{self.submission_id[:12]}: {self.state} ({self.reason})"


class ResultQuerySet(models.QuerySet["Result"]):
    """Reads of results."""

    def eligible(self) -> Self:
        """What may count: the one definition that pages, API and releases share."""
        return self.filter(submission__state=State.ACCEPTED)

    def of_cell(self, cell: dict[str, object]) -> Self:
        """Results of one cell, given by the fields in `CELL_FIELDS`."""
        return self.filter(**{name: cell[name] for name in CELL_FIELDS})


CELL_FIELDS = ("suite_id", "dataset_id", "model_id", "hardware_class_id", "grade", "scope", "stratum")
"""What must be equal for two results to be combined. `grade` keeps estimates away from measurements."""


class Result(models.Model):
    """The numbers of a submission that parsed, one row each. Energy in joules, time in seconds."""

    submission = models.OneToOneField(
        Submission, on_delete=models.PROTECT, primary_key=True, related_name="result"
    )
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="results")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="results")
    suite = models.ForeignKey(Suite, on_delete=models.PROTECT)
    task = models.ForeignKey(Task, on_delete=models.PROTECT)
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT)
    model = models.ForeignKey(AiModel, on_delete=models.PROTECT, related_name="results")
    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT)
    grade = models.CharField(max_length=10, choices=[("measured", "measured"), ("estimated", "estimated")])
    scope = models.CharField(max_length=20)
    stratum = models.CharField(max_length=60)
    meter = models.CharField(max_length=30)
    session = models.CharField(max_length=32)
    started_at = models.DateTimeField()
    queries = models.PositiveBigIntegerField()
    window_count = models.PositiveIntegerField()
    duration_s = models.FloatField()
    energy_gross_j = models.FloatField()
    energy_net_j = models.FloatField(null=True)
    energy_per_query_j = models.FloatField()
    latency_p50_s = models.FloatField()
    latency_p95_s = models.FloatField()
    output_tokens = models.PositiveBigIntegerField(null=True)
    input_tokens = models.PositiveBigIntegerField(null=True)
    quality = models.JSONField(default=list)
    not_scored = models.JSONField(default=dict)
    sample_sha256 = models.CharField(max_length=64, default="")
    inputs_sha256 = models.CharField(max_length=64, default="")
    peak_memory_bytes = models.PositiveBigIntegerField(null=True)

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at"]
        indexes = [
            # a cell's recomputation: every result in it
            models.Index(
                fields=["suite", "dataset", "model", "hardware_class", "grade", "scope", "stratum"],
                name="result_cell",
            ),
            # what others were asked for the same sample
            models.Index(fields=["dataset", "model", "sample_sha256"], name="result_sample"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(energy_per_query_j__gt=0), name="result_energy_positive"
            ),
            models.CheckConstraint(condition=models.Q(queries__gt=0), name="result_queries_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.dataset}"
