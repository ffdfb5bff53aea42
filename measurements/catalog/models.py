"""Tables of what can be measured. Rows come from suites and published series, never from an upload.

A hardware class alone may come with an upload, and then its name is its contributor's word until somebody else confirms
it.

`known_from` names the published series that first brought a row which no suite and no study knows; "" otherwise.
"""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from joulemark.leaderboard.hardware_names import hardware_code
from measurements.catalog.hardware_facts import NO_FACTS, facts_named
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


class NoFact(models.TextChoices):
    """Why a fact of a model or of hardware is not known."""

    NOT_STATED = "not-stated", _("no source that is read here states it")
    NOT_PINNED = (
        "not-pinned",
        _("it is read from the hub when a suite is pinned, and this model's never was since"),
    )
    BEFORE_HUB_RECORD = (
        "before-hub-record",
        _("the hub's record of dates begins on 2022-03-02, and it is older"),
    )
    NOT_IN_TABLE = "not-in-table", _("the table of hardware does not have it")
    OF_MACHINE = "of-machine", _("it depends on the machine, not on the processor")


MODEL_FACTS = ("owner", "family", "licence", "released_on", "link", "parameters")
"""Facts of a model, each of which has a value or a reason."""
HARDWARE_FACTS = ("memory_bytes", "power_w", "architecture", "year")
"""Facts of hardware, likewise."""


class AiModel(models.Model):
    """A model. `parameters` is the count of weights, null when no source states it.

    `owner` is the hub's account that publishes it, `released_on` the day since when the hub has it, `link` its page.
    `source` says where the facts come from; what is null or empty has its reason (`NoFact`) in `not_known`.
    """

    slug = models.CharField(max_length=150, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=ModelKind)
    parameters = models.PositiveBigIntegerField(null=True)
    licence = models.CharField(max_length=200, blank=True)
    owner = models.CharField(max_length=200, blank=True, default="")
    family = models.CharField(max_length=100, blank=True, default="")
    released_on = models.DateField(null=True)
    link = models.CharField(max_length=500, blank=True, default="")
    not_known = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=500, blank=True)
    known_from = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        ordering = ["slug"]
        verbose_name = "model"

    def __str__(self) -> str:
        return self.title

    def why_unknown(self, fact: str) -> str:
        """The reason (`NoFact`) for which one of `MODEL_FACTS` has no value."""
        return str(self.not_known.get(fact, NoFact.NOT_STATED))


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
    `memory_bytes` is the device's own memory, `power_w` its default power limit, `year` when it was announced; they
    follow from the title (`hardware_facts`), `facts_source` says where from, and `not_known` why one is missing.
    """

    slug = models.CharField(max_length=150, unique=True)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=HardwareKind)
    code = models.CharField(max_length=20, unique=True, editable=False)
    name_state = models.CharField(max_length=10, choices=NameState, default=NameState.REPORTED)
    reported_by = models.CharField(max_length=40, blank=True, default="")
    memory_bytes = models.PositiveBigIntegerField(null=True)
    power_w = models.FloatField(null=True)
    architecture = models.CharField(max_length=100, blank=True, default="")
    year = models.PositiveSmallIntegerField(null=True)
    facts_source = models.CharField(max_length=500, blank=True, default="")
    not_known = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["slug"]
        verbose_name_plural = "hardware classes"

    def __str__(self) -> str:
        return self.public_title

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Set the code of a new row, and the facts that follow from its title."""
        self.code = self.code or hardware_code(self.kind, self.slug)
        if self._state.adding:
            for name, value in facts_of_hardware(self.title, self.kind).items():
                setattr(self, name, value)
        super().save(*args, **kwargs)

    @property
    def is_confirmed(self) -> bool:
        """Whether the name may stand as a title."""
        return self.name_state == NameState.CONFIRMED

    def why_unknown(self, fact: str) -> str:
        """The reason (`NoFact`) for which one of `HARDWARE_FACTS` has no value."""
        return str(self.not_known.get(fact, NoFact.NOT_IN_TABLE))

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


def facts_of_hardware(title: str, kind: str) -> dict[str, Any]:
    """The columns of `HARDWARE_FACTS` with their source, and why one is missing."""
    facts = facts_named(title) or NO_FACTS
    missing = NoFact.NOT_IN_TABLE if facts is NO_FACTS else NoFact.NOT_STATED
    columns: dict[str, Any] = {
        "memory_bytes": facts.memory_bytes,
        "power_w": facts.power_w,
        "architecture": facts.architecture,
        "year": facts.year,
    }
    not_known = {name: missing.value for name, value in columns.items() if not value}
    if kind == HardwareKind.CPU and "memory_bytes" in not_known:
        not_known["memory_bytes"] = NoFact.OF_MACHINE.value
    return columns | {"facts_source": facts.source, "not_known": not_known}


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
