"""Tables of what is shown: cells combined from results, which can be rebuilt; and views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.db import models

from measurements.boards.cell_json import CellJSONField
from measurements.boards.job_models import JobNeed, JobViews  # noqa: F401 - tables of this app too
from measurements.boards.latest_models import LatestResult  # noqa: F401 - the same
from measurements.boards.part_key import PartKey
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task, hardware_named
from measurements.contributors.models import Device
from measurements.display.choices import RESULT_GRADES, ModelKind, Tier
from measurements.review.cell_key import CELL_FIELDS, CellKey
from measurements.review.due_cells import DueCell

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

NAMED_BY = ("dataset", "model", "hardware", "scope", "stratum")
"""What an address names a cell by, within a board."""


def in_parts(parts: Collection[PartKey], *, through: str = "") -> models.Q:
    """Rows of these parts, whose columns are reached by the lookup `through`."""
    any_of = models.Q(pk__in=[])
    for part in parts:
        any_of |= models.Q(**{f"{through}{name}": value for name, value in part.columns.items()})
    return any_of


class CellQuerySet(models.QuerySet[Any]):
    """Reads of cells and of their revisions."""

    def at(self, key: CellKey) -> Self:
        """The one cell with this key, if it exists."""
        return self.filter(**key.columns)

    def of_series(self, *, suite: str, version: str, grade: str) -> Self:
        """Cells of one suite version and one grade: estimates and measurements never meet."""
        return self.filter(suite__name=suite, suite__version=version, grade=grade)

    def of_tasks(self, tasks: Sequence[Task]) -> Self:
        """Cells on any data set of `tasks`."""
        return self.filter(dataset__task__in=tasks)

    def named(self, names: Mapping[str, str]) -> Self:
        """Cells that `names` (the fields of `NAMED_BY`) mean on the boards of a series and a task."""
        return self.filter(
            hardware_named(names.get("hardware", ""), through="hardware_class__"),
            dataset__slug=names.get("dataset", ""),
            model__slug=names.get("model", ""),
            scope=names.get("scope", ""),
            stratum=names.get("stratum", ""),
        )

    def of_parts(self, parts: Collection[PartKey]) -> Self:
        """Cells that may be compared directly with one another: those of these parts."""
        return self.filter(in_parts(parts))

    def without_second_interval(self) -> Self:
        """Cells whose interval was written before a value had one between contributors as well."""
        return self.filter(low_j__isnull=False, between_low_j__isnull=True)

    def without_unit_energies(self) -> Self:
        """Cells that were written before a value had its energies per token and per right answer."""
        return self.filter(unit_energies=[])

    def without_latency(self) -> Self:
        """Cells that were written before a value had the latency and the memory of its results."""
        return self.filter(latency_p50_s__isnull=True)

    def with_names(self) -> Self:
        """Fetch what a row shows in the same query."""
        return self.select_related("suite", "dataset__task", "model", "hardware_class")

    def as_of(self, at: datetime, **key: object) -> Self:
        """Of revisions: the one of each cell that stood at a time, but for cells that were gone then.

        `key` narrows both cells and revisions. Each cell that is there or was is looked up in the index of its own
        revisions, so that a board at a time costs as many steps as it has cells, however long its history is.
        """
        last = models.Subquery(CellRevision.objects.of_one_cell(at).values("pk")[:1])
        there = Cell.objects.filter(**key).order_by().values(last=last)
        gone = CellRevision.objects.filter(gone=True, **key).order_by().values(last=last)
        return self.filter(pk__in=there.union(gone), gone=False, **key)

    def of_one_cell(self, at: datetime) -> Self:
        """Of revisions: those of the outer query's cell up to a time, the last one first: versions rise with time."""
        of_cell = {name: models.OuterRef(name) for name in CELL_FIELDS}
        return self.filter(updated_at__lte=at, **of_cell).order_by("-updated_at", "-version")


class CellContent(models.Model):
    """The key and content of a cell; energies in J per query. `services` derives all of it from eligible results.

    `low_j` to `high_j` is the 95 % interval of the true energy, `between_low_j` to `between_high_j` that of what ever
    more such contributors would say, both null for a single source; `interval` says how the second was computed.
    `sensor_u` is what the first has beyond it: the relative standard uncertainty that the contributors' sensors share,
    null where there is none. Revisions from before there were two have the first alone, which left the sensors out.
    `least_j` and `most_j` are what a contributor says least and most. `spread`, `dark_u` and `shift` are relative.
    `no_interval` says why there is none. `variance` holds relative standard deviations by level, null where they are
    not known, and `withheld` with the reasons. `quality` is a list of the fields of
    `joulemark.consensus.quality.QualityValue`; in revisions from before scores had intervals of {metric, value, n,
    higher_is_better}. `unit_energies` is a list of the fields of `joulemark.consensus.unit_energy.UnitEnergy`, one of
    each unit; empty in revisions from before there were any. `latency_p50_s` is the median over results of their median
    seconds a query, `peak_memory_bytes` the most device memory that a result's tensors took; null where no result says
    so, and in revisions from before there were any. `version` is that of its board when it was written.
    """

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="%(class)ss")
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT, related_name="%(class)ss")
    model = models.ForeignKey(AiModel, on_delete=models.PROTECT, related_name="%(class)ss")
    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT, related_name="%(class)ss")
    grade = models.CharField(max_length=10, choices=RESULT_GRADES)
    scope = models.CharField(max_length=20)
    stratum = models.CharField(max_length=60)
    energy_per_query_j = models.FloatField()
    low_j = models.FloatField(null=True)
    high_j = models.FloatField(null=True)
    between_low_j = models.FloatField(null=True)
    between_high_j = models.FloatField(null=True)
    sensor_u = models.FloatField(null=True)
    interval = models.CharField(max_length=12, default="")
    no_interval = models.CharField(max_length=20, default="")
    least_j = models.FloatField()
    most_j = models.FloatField()
    spread = models.FloatField(null=True)
    dark_u = models.FloatField(null=True)
    shift = models.FloatField(null=True)
    variance = CellJSONField(default=dict)
    voices = models.FloatField(default=1.0)
    n_devices = models.PositiveIntegerField()
    n_contributors = models.PositiveIntegerField()
    n_results = models.PositiveIntegerField()
    label = models.CharField(max_length=20)
    tier = models.CharField(max_length=20, default=Tier.SINGLE)
    quality = CellJSONField(default=list)
    unit_energies = CellJSONField(default=list)
    latency_p50_s = models.FloatField(null=True)
    peak_memory_bytes = models.PositiveBigIntegerField(null=True)
    version = models.PositiveBigIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(energy_per_query_j__gt=0), name="%(class)s_energy_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(least_j__lte=models.F("energy_per_query_j"))
                & models.Q(most_j__gte=models.F("energy_per_query_j")),
                name="%(class)s_value_in_range",
            ),
            models.CheckConstraint(
                condition=models.Q(low_j__isnull=True, high_j__isnull=True)
                | models.Q(
                    low_j__lte=models.F("energy_per_query_j"), high_j__gte=models.F("energy_per_query_j")
                ),
                name="%(class)s_value_in_interval",
            ),
            models.CheckConstraint(
                condition=models.Q(between_low_j__isnull=True, between_high_j__isnull=True)
                | models.Q(
                    between_low_j__lte=models.F("energy_per_query_j"),
                    between_high_j__gte=models.F("energy_per_query_j"),
                ),
                name="%(class)s_value_between",
            ),
        ]

    @property
    def key(self) -> CellKey:
        """What must be equal for two results to be in it."""
        return CellKey.of(self)


class Cell(CellContent):
    """One value a model, data set, hardware class and configuration, as it is now. Never edited."""

    objects = CellQuerySet.as_manager()

    class Meta(CellContent.Meta):
        abstract = False
        ordering = ["energy_per_query_j", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["suite", "dataset", "model", "hardware_class", "grade", "scope", "stratum"],
                name="cell_key",
            ),
            *CellContent.Meta.constraints,
        ]
        indexes = [
            # a board: every cell of a series on a task's data sets
            models.Index(fields=["suite", "grade", "dataset"], name="cell_board"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.dataset}, {self.grade}"


class CellRevision(CellContent):
    """The content of a cell from `updated_at` on. One row a change, never edited; `gone` when its last result went."""

    gone = models.BooleanField(default=False)

    objects = CellQuerySet.as_manager()

    class Meta(CellContent.Meta):
        abstract = False
        ordering = ["id"]
        indexes = [
            # a board as of a time: the last revision of each cell before it; versions rise with time (`cell_storage`)
            models.Index(
                fields=[
                    "suite",
                    "grade",
                    "dataset",
                    "model",
                    "hardware_class",
                    "scope",
                    "stratum",
                    "-updated_at",
                    "-version",
                ],
                name="cellrevision_at_time",
            ),
            # cells that are no longer there, which no row of today names
            models.Index(fields=["suite", "grade"], name="cellrevision_gone", condition=models.Q(gone=True)),
            # the version of a board at a time
            models.Index(fields=["suite", "grade", "-updated_at", "-version"], name="cellrevision_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.dataset}, version {self.version}"


class BoardVersion(models.Model):
    """A number for each suite and grade that rises with every change of a cell, in the order of commits.

    Whoever has kept a board of this version has the board of now.
    """

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="board_versions")
    grade = models.CharField(max_length=10)
    version = models.PositiveBigIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["suite", "grade"], name="board_version_key")]

    def __str__(self) -> str:
        return f"{self.suite}, {self.grade}: {self.version}"


class DeviceValueQuerySet(models.QuerySet["DeviceValue"]):
    """Reads of device values."""

    def of_parts(self, parts: Collection[PartKey]) -> Self:
        """Values in the cells of these parts."""
        return self.filter(in_parts(parts, through="cell__"))


class DeviceValue(models.Model):
    """The value of one device of one contributor in a cell, in joules per query: the median of its results.

    Kept so that a comparison can divide within a device without reading every result again.
    """

    cell = models.ForeignKey(Cell, on_delete=models.CASCADE, related_name="device_values")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="values")
    energy_per_query_j = models.FloatField()
    n_results = models.PositiveIntegerField()

    objects = DeviceValueQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cell", "device"], name="device_value_cell_device"),
            models.CheckConstraint(
                condition=models.Q(energy_per_query_j__gt=0), name="device_value_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device}: {self.energy_per_query_j} J"


class DueRefresh(DueCell):
    """The value of this cell is to be computed anew (`services.refresh_due_cells`)."""


class ComparedPartQuerySet(models.QuerySet["ComparedPart"]):
    """Reads of compared parts."""

    def at(self, key: PartKey) -> Self:
        """The row of one part, if there is one."""
        return self.filter(**key.columns)

    def of_tasks(self, tasks: Sequence[Task]) -> Self:
        """Parts on any data set of `tasks`."""
        return self.filter(dataset__task__in=tasks)

    def with_names(self) -> Self:
        """Fetch what a comparison shows of the part in the same query."""
        return self.select_related("suite", "dataset__task", "hardware_class")

    def with_a_comparison(self) -> Self:
        """Parts in which both kinds of model meet, whether or not their numbers can be combined."""
        return self.filter(models.Q(comparison__isnull=False) | models.Q(is_missing=True))


class ComparedPart(models.Model):
    """What is derived from the cells of a part, that is from those which may be compared directly.

    `comparison` are the numbers of general-purpose against task-specific models (`ComparisonNumbers.to_json`), null
    where the kinds nowhere meet; `is_missing` says that they meet and that their numbers cannot be combined. Names are
    looked up. The row is current while each of the part's `n_cells` cells has a `CellStanding` of the cell's version
    and its model's kind; `version` is the highest of them. `n_values` is how many device values were read.
    """

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="compared_parts")
    grade = models.CharField(max_length=10, choices=RESULT_GRADES)
    dataset = models.ForeignKey(DataSet, on_delete=models.PROTECT, related_name="compared_parts")
    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT, related_name="compared_parts")
    scope = models.CharField(max_length=20)
    version = models.PositiveBigIntegerField()
    n_cells = models.PositiveIntegerField()
    n_values = models.PositiveIntegerField()
    comparison = models.JSONField(null=True)
    is_missing = models.BooleanField(default=False)

    objects = ComparedPartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["suite", "grade", "dataset", "hardware_class", "scope"], name="compared_part_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.dataset}, {self.grade}, {self.hardware_class}, {self.scope}"


class CellStanding(models.Model):
    """The place of a cell among those of its part and stratum, as of the cell's `version` and its model's `kind`.

    `rank`, `rank_worst`, `front` and `beaten` are those of `joulemark.leaderboard.row_places.RowPlace`.
    """

    cell = models.OneToOneField(Cell, on_delete=models.CASCADE, primary_key=True, related_name="standing")
    part = models.ForeignKey(ComparedPart, on_delete=models.CASCADE, related_name="standings")
    version = models.PositiveBigIntegerField()
    kind = models.CharField(max_length=20, choices=ModelKind)
    rank = models.PositiveIntegerField(null=True)
    rank_worst = models.PositiveIntegerField(null=True)
    front = CellJSONField(default=list)
    beaten = CellJSONField(default=list)

    def __str__(self) -> str:
        return f"{self.cell}: {self.rank}"


class SizeFactor(models.Model):
    """The size-controlled factor of a suite version and grade, as of a `version` of their boards.

    `estimate` holds the fields of `joulemark.consensus.size_controlled.SizeControlled`, null where the data cannot tell
    size from kind; `is_missing` says that the numbers cannot be combined. `inputs` is a digest of the kinds and sizes
    of the models that it was computed with.
    """

    suite = models.ForeignKey(Suite, on_delete=models.PROTECT, related_name="size_factors")
    grade = models.CharField(max_length=10, choices=RESULT_GRADES)
    version = models.PositiveBigIntegerField()
    inputs = models.CharField(max_length=64)
    computed_at = models.DateTimeField()
    estimate = models.JSONField(null=True)
    is_missing = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["suite", "grade"], name="size_factor_key")]

    def __str__(self) -> str:
        return f"{self.suite}, {self.grade}: {self.version}"
