"""Tables of what can be measured. Rows come from suites and published series, never from an upload.

`known_from` names the published series that first brought a row which no suite and no study knows; "" otherwise.
"""

from __future__ import annotations

from django.db import models


class ModelKind(models.TextChoices):
    """Whether a model was made for one task or answers anything; unknown where a published series does not say."""

    TASK_SPECIFIC = "task-specific", "task-specific"
    GENERAL_PURPOSE = "general-purpose", "general-purpose"
    UNKNOWN = "unknown", "unknown"


class Suite(models.Model):
    """A version of a task suite; `digest` is the SHA-256 over its files. Never edited: a change is a new version."""

    name = models.SlugField(max_length=100)
    version = models.CharField(max_length=50)
    title = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="suite_name_version")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def slug(self) -> str:
        """The suite's part of a board's address, such as `demo-1`."""
        return f"{self.name}-{self.version}"


class Task(models.Model):
    """A kind of job, such as text classification. `position` orders the boards."""

    slug = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    modality = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    known_from = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title


class DataSet(models.Model):
    """A data set as one task uses it. Its revision is each suite's and stands in each result, not here."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="datasets")
    slug = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    licence = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=500, blank=True)
    known_from = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        ordering = ["task", "slug"]
        constraints = [models.UniqueConstraint(fields=["task", "slug"], name="dataset_task_slug")]

    def __str__(self) -> str:
        return self.title


class AiModel(models.Model):
    """A model. `parameters` is the count of weights, null when no source states it."""

    slug = models.CharField(max_length=150, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=ModelKind)
    parameters = models.PositiveBigIntegerField(null=True)
    licence = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=500, blank=True)
    known_from = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        ordering = ["slug"]
        verbose_name = "model"

    def __str__(self) -> str:
        return self.title


class HardwareClass(models.Model):
    """What results are compared within: one device model, such as `nvidia-a100-sxm4-80gb`."""

    slug = models.CharField(max_length=150, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=[("gpu", "GPU"), ("cpu", "CPU"), ("node", "node")])

    class Meta:
        ordering = ["slug"]
        verbose_name_plural = "hardware classes"

    def __str__(self) -> str:
        return self.title


class Job(models.Model):
    """One line of a suite: this model on this data set. A ticket is given for a job."""

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="jobs")
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT)
    model = models.ForeignKey(AiModel, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["suite", "dataset", "model"], name="job_suite_dataset_model")
        ]

    def __str__(self) -> str:
        return f"{self.suite}: {self.dataset} x {self.model}"
