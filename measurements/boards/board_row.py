"""One row of a board: the same object behind page, JSON and CSV, so that all three show the same number."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from joulemark.leaderboard.fronts import cell_scores, comparable_interval, published_scores
from joulemark.leaderboard.row_places import RowPlace, board_order, places
from measurements.boards.unit_energies import UnitEnergies, cell_unit_energies, without_values
from measurements.display.choices import OF_PUBLISHERS, ModelKind, NoUnitValue, Tier
from measurements.display.units import j_per_query, maybe_j_per_query, wh_per_1000

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from measurements.boards.models import CellContent
    from measurements.boards.series import Series
    from measurements.catalog.models import AiModel, DataSet, HardwareClass, Task
    from measurements.published.models import PublishedFigure

Quality = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """Energies in joules per query; `low_j` to `high_j` is the 95 % interval of the true energy.

    Of an estimate, which has no sensor, it is the same as the one between contributors.
    `between_low_j` to `between_high_j` is that of what ever more such contributors would say, `interval` how it was
    computed; `sensor_u` is the relative standard uncertainty that the contributors' sensors share.
    `least_j` and `most_j` are extremes over contributors (published: over runs). The true rank lies between `rank` and
    `rank_worst`. `front` are the metrics by which no row under the same conditions surely uses less energy and surely
    scores better, `beaten` those by which one does; a metric that tells nobody apart is in neither. `version` is the
    board's when the value was written (published: the series' revision). `n_devices` is null for a published figure,
    whose devices nobody counted; its `n_results` are runs.
    `hardware` and `hardware_title` are a code while nobody has confirmed the name; `hardware_words` are then the words
    of the contributor `hardware_words_of`, and otherwise empty.
    `unit_energies` are joules per token and per right answer with their own intervals; nothing is ranked by them.
    """

    series: str
    task: str
    grade: str
    dataset: str
    dataset_title: str
    model: str
    model_title: str
    kind: str
    parameters: int | None
    hardware: str
    hardware_title: str
    hardware_words: str
    hardware_words_of: str
    scope: str
    stratum: str
    energy_per_query_j: float
    least_j: float | None
    most_j: float | None
    n_contributors: int
    n_results: int
    label: str
    tier: str
    quality: Quality
    unit_energies: UnitEnergies
    version: int
    updated_at: datetime
    rank: int | None = None
    rank_worst: int | None = None
    low_j: float | None = None
    high_j: float | None = None
    between_low_j: float | None = None
    between_high_j: float | None = None
    sensor_u: float | None = None
    interval: str = ""
    no_interval: str = ""
    spread: float | None = None
    dark_u: float | None = None
    shift: float | None = None
    variance: dict[str, float | None] = field(default_factory=dict)
    n_devices: int | None = None
    front: list[str] = field(default_factory=list)
    beaten: list[str] = field(default_factory=list)
    source: str = ""
    validity: str = ""

    @property
    def energy_wh_per_1000(self) -> float:
        """Watt-hours per 1,000 queries."""
        return wh_per_1000(self.energy_per_query_j)

    @property
    def low_wh_per_1000(self) -> float | None:
        """The lower end of the interval, in watt-hours per 1,000 queries."""
        return None if self.low_j is None else wh_per_1000(self.low_j)

    @property
    def high_wh_per_1000(self) -> float | None:
        """The upper end of the interval, in watt-hours per 1,000 queries."""
        return None if self.high_j is None else wh_per_1000(self.high_j)

    @property
    def between_low_wh_per_1000(self) -> float | None:
        """The lower end of the interval between contributors, in watt-hours per 1,000 queries."""
        return None if self.between_low_j is None else wh_per_1000(self.between_low_j)

    @property
    def between_high_wh_per_1000(self) -> float | None:
        """The upper end of the interval between contributors, in watt-hours per 1,000 queries."""
        return None if self.between_high_j is None else wh_per_1000(self.between_high_j)

    @property
    def comparable_j(self) -> tuple[float, float] | None:
        """The interval for comparisons on one hardware class, whose sensors err alike: that between contributors.

        Of a value from before there were two it is the only one, which left the sensors out; None where it tells
        nothing, as some of then did.
        """
        return comparable_interval(
            self.energy_per_query_j, (self.between_low_j, self.between_high_j), (self.low_j, self.high_j)
        )

    @property
    def leaves_sensors_out(self) -> bool:
        """Whether the interval is one from before the sensors' common error was in it."""
        return self.grade == "measured" and self.low_j is not None and self.between_low_j is None

    @property
    def least_wh_per_1000(self) -> float | None:
        """What a contributor (published: a run) says least, in watt-hours per 1,000 queries."""
        return None if self.least_j is None else wh_per_1000(self.least_j)

    @property
    def most_wh_per_1000(self) -> float | None:
        """What a contributor (published: a run) says most, in watt-hours per 1,000 queries."""
        return None if self.most_j is None else wh_per_1000(self.most_j)

    @property
    def quality_lows(self) -> Quality:
        """The lower ends of the scores' intervals."""
        return [{"metric": score["metric"], "value": score["low"]} for score in self.quality]

    @property
    def quality_highs(self) -> Quality:
        """The upper ends of the scores' intervals."""
        return [{"metric": score["metric"], "value": score["high"]} for score in self.quality]

    @property
    def quality_questions(self) -> Quality:
        """The distinct questions of the scores."""
        return [{"metric": score["metric"], "value": score["n_questions"]} for score in self.quality]

    @property
    def is_published(self) -> bool:
        """Whether it is a publisher's figure, metered or modelled, and not a cell of volunteers' results."""
        return self.grade in OF_PUBLISHERS

    @property
    def general_purpose(self) -> bool:
        """Whether the model answers anything, rather than one task."""
        return self.kind == ModelKind.GENERAL_PURPOSE

    @property
    def conditions(self) -> tuple[str, str, str, str]:
        """What must be equal for two rows to be ranked against each other."""
        return (self.dataset, self.hardware, self.scope, self.stratum)


OF_CELL = (
    *(
        "grade",
        "scope",
        "stratum",
        "energy_per_query_j",
        "low_j",
        "high_j",
        "between_low_j",
        "between_high_j",
    ),
    *("sensor_u", "interval", "no_interval", "least_j", "most_j", "spread", "dark_u", "shift", "variance"),
    *("n_devices", "n_contributors", "n_results", "label", "tier", "version", "updated_at"),
)
"""Fields that a row has as its cell has them."""
_of_cell = attrgetter(*OF_CELL)


def row_of_cell(cell: CellContent, series: Series, place: RowPlace | None = None) -> BoardRow:
    """A cell as a row, with its place among others where that is known already."""
    hardware = cell.hardware_class
    return BoardRow(
        **({} if place is None else vars(place)),
        **_subject(series, cell.dataset.task, cell.dataset, cell.model, hardware),
        **dict(zip(OF_CELL, _of_cell(cell), strict=True)),
        hardware_words=hardware.reported_name,
        hardware_words_of=hardware.reported_by if hardware.reported_name else "",
        quality=cell_scores(cell.quality),
        unit_energies=cell_unit_energies(cell.unit_energies),
    )


def row_of_figure(figure: PublishedFigure, series: Series) -> BoardRow:
    """A published figure as a row. It gets no rank: one publisher is one source."""
    return BoardRow(
        **_subject(series, figure.task, figure.dataset, figure.model, figure.hardware_class),
        grade=series.grade,
        scope=figure.series.scope,
        stratum=figure.stratum,
        hardware_words="",
        hardware_words_of="",
        energy_per_query_j=j_per_query(figure.energy_kwh_per_1000),
        least_j=maybe_j_per_query(figure.low_kwh_per_1000),
        most_j=maybe_j_per_query(figure.high_kwh_per_1000),
        n_contributors=1,
        n_results=figure.n_runs,
        label=Tier.PUBLISHED.value,
        tier=Tier.PUBLISHED.value,
        quality=published_scores(figure.quality),
        unit_energies=without_values(NoUnitValue.OF_PUBLISHER.value),
        source=figure.source,
        validity=figure.validity,
        version=figure.series.revision,
        updated_at=figure.updated_at,
    )


def _subject(
    series: Series, task: Task, dataset: DataSet | None, model: AiModel, hardware: HardwareClass
) -> dict[str, Any]:
    """What a row is about, by the names of its fields."""
    return {
        "series": series.slug,
        "task": task.slug,
        "dataset": dataset.slug if dataset else "",
        "dataset_title": dataset.title if dataset else "",
        "model": model.slug,
        "model_title": model.title,
        "kind": model.kind,
        "parameters": model.parameters,
        "hardware": hardware.public_slug,
        "hardware_title": hardware.public_title,
    }


def ranked(rows: Iterable[BoardRow]) -> list[BoardRow]:
    """Rows under the same conditions in their order, each with its place among them."""
    ordered = sorted(rows, key=board_order)
    return [replace(row, **asdict(place)) for row, place in zip(ordered, places(ordered), strict=True)]
