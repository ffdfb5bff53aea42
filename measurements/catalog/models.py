"""Tables of what can be measured. Rows come from suites and published series, never from an upload.

A hardware class alone may come with an upload, and then its name is its contributor's word until somebody else confirms
it.

`known_from` names the published series that first brought a row which no suite and no study knows; "" otherwise.
"""

from __future__ import annotations

import hashlib
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from measurements.display.choices import ModelKind


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


class PinnedSuiteQuerySet(models.QuerySet["PinnedSuite"]):
    """Reads of pinned suites."""

    def in_order(self) -> Self:
        """Each with its suite and without its bytes, as they were pinned: of one name the current version is last."""
        return self.select_related("suite").defer("archive").order_by("pk")


class PinnedSuite(models.Model):
    """The files of a suite that this platform hands out, for ever: `archive` is what `joulemark.suite.archive` makes.

    Never edited and never removed: former versions are handed out too, so that whoever has a result can read what it
    ran. The current version of a name is the one that was pinned last.
    """

    suite = models.OneToOneField(Suite, on_delete=models.PROTECT, related_name="pinned")
    archive = models.BinaryField()
    archive_sha256 = models.CharField(max_length=64)
    archive_bytes = models.PositiveIntegerField()
    pinned_at = models.DateTimeField()

    objects = PinnedSuiteQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.suite)


class TaskQuerySet(models.QuerySet["Task"]):
    """Reads of tasks."""

    def named(self, slug: str) -> Task | None:
        """The task that an address names, None where there is none."""
        return self.filter(slug=slug).first()


class Task(models.Model):
    """A kind of job, such as text classification. `position` orders the boards."""

    slug = models.CharField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    modality = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    known_from = models.CharField(max_length=100, blank=True, default="")

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title


class DataSetQuerySet(models.QuerySet["DataSet"]):
    """Reads of data sets."""

    def by_name(self) -> dict[tuple[str, str], DataSet]:
        """Each with its task, by the task's slug and its own, in one query."""
        return {(row.task.slug, row.slug): row for row in self.select_related("task").order_by()}


class DataSet(models.Model):
    """A data set as one task uses it. Its revision is each suite's and stands in each result, not here."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="datasets")
    slug = models.CharField(max_length=100)
    title = models.CharField(max_length=200)
    licence = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=500, blank=True)
    known_from = models.CharField(max_length=100, blank=True, default="")

    objects = DataSetQuerySet.as_manager()

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


class NameState(models.TextChoices):
    """Whose word the name of a hardware class is."""

    REPORTED = "reported", _("words of a contributor")
    CONFIRMED = "confirmed", _("confirmed")
    REFUSED = "refused", _("refused by a moderator")


class HardwareKind(models.TextChoices):
    """What a class of hardware is (`joulemark.published.figures.HardwareKind`); an upload's is a GPU or a CPU."""

    GPU = "gpu", "GPU"
    CPU = "cpu", _("CPU")
    NODE = "node", _("node")


class HardwareClass(models.Model):
    """What results are compared within: one device model, such as `gpu-nvidia-a100-sxm4-80gb`.

    `slug` and `title` are the name, which an upload may have brought: pages and downloads show it as a title only once
    it is confirmed (`NameState`), and until then show `code`, which follows from the slug and says nothing.
    `reported_by` is the pseudonym whose words they are; "" where they come from a suite, a study or a publisher.
    """

    slug = models.CharField(max_length=150, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=HardwareKind)
    code = models.CharField(max_length=20, unique=True, editable=False)
    name_state = models.CharField(max_length=10, choices=NameState, default=NameState.REPORTED)
    reported_by = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["slug"]
        verbose_name_plural = "hardware classes"

    def __str__(self) -> str:
        return self.public_title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Set the code of a new row."""
        self.code = self.code or code_of(self.kind, self.slug)
        super().save(*args, **kwargs)

    @property
    def is_confirmed(self) -> bool:
        """Whether the name may stand as a title."""
        return self.name_state == NameState.CONFIRMED

    @property
    def public_slug(self) -> str:
        """What downloads and addresses call it: the slug once its name is confirmed, the code until then."""
        return self.slug if self.is_confirmed else self.code

    @property
    def public_title(self) -> str:
        """What pages call it: the title once its name is confirmed; until then its kind and code."""
        return self.title if self.is_confirmed else self.code.upper().replace("-", " ", 1)

    @property
    def reported_name(self) -> str:
        """The name in the words of `reported_by`, to be quoted as theirs; "" once it is confirmed, or was refused."""
        return self.title if self.name_state == NameState.REPORTED else ""


def code_of(kind: str, slug: str) -> str:
    """A name for a hardware class that follows from its slug and repeats nothing of it, such as `cpu-0f3a91c2d4e5`."""
    return f"{kind}-{hashlib.sha256(slug.encode()).hexdigest()[:12]}"


def hardware_named(name: str, *, through: str = "") -> models.Q:
    """Rows whose hardware class, reached by the lookup `through`, has this slug (once confirmed) or code."""
    confirmed = {f"{through}slug": name, f"{through}name_state": NameState.CONFIRMED}
    return models.Q(**confirmed) | models.Q(**{f"{through}code": name})


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
