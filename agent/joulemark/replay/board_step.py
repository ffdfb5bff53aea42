"""Do the published values, comparisons and places follow from the results that count."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from joulemark.consensus.ratio import ModelValue
from joulemark.leaderboard.cell_content import ROW_FIELDS, aggregate_results
from joulemark.leaderboard.comparison_numbers import compare_rows
from joulemark.leaderboard.eligibility import ELIGIBLE
from joulemark.leaderboard.fronts import comparable_interval
from joulemark.leaderboard.parts import LARGE_PART_VALUES, UNKNOWN_KIND, meeting_rows, places_in_part
from joulemark.release.board_tables import CELL_NUMBERS, COMPARISON_SIDES, PAIRED_NUMBERS, PLACE_NUMBERS
from joulemark.replay.differences import differing
from joulemark.replay.state_file import PartOutcome
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from joulemark.leaderboard.comparison_numbers import ComparisonNumbers
    from joulemark.leaderboard.row_places import RowPlace
    from joulemark.replay.state_file import StateFile

GENERAL_PURPOSE = "general-purpose"
RATIO_NUMBERS = (*PAIRED_NUMBERS, *COMPARISON_SIDES)
COUNTING = f"""
SELECT e.cell, e.device, e.contributor, e.hardware_code, e.row FROM evidence e
JOIN standings s ON s.result_id = e.result_id AND s.until IS NULL
WHERE e.part = ? AND s.state IN ({", ".join(f"'{state}'" for state in ELIGIBLE)}) ORDER BY e.cell, e.written
"""  # noqa: S608 - our own words
NO_TIME = datetime.fromtimestamp(0, UTC)
TITLE = ROW_FIELDS.index("hardware_class__title")


class Lag(NamedTuple):
    """Why what is derived of a part may lag behind its values: newer results wait, or it has very many."""

    is_stale: bool
    is_large: bool

    def excuses(self, *, is_published: bool) -> bool:
        """Whether places or a comparison need not follow from the evidence. Size excuses that there are none yet."""
        return self.is_stale or (self.is_large and not is_published)


@dataclass(frozen=True, kw_only=True)
class DerivedCell:
    """A value as it follows from the results that count, in the form in which ranks and comparisons take it."""

    key: str
    model: str
    stratum: str
    kind: str
    content: dict[str, Any]
    device_values: list[tuple[str, str, float]]
    version: int = 0
    updated_at: datetime = NO_TIME

    @property
    def energy_per_query_j(self) -> float:
        """Joules per query."""
        value: float = self.content["energy_per_query_j"]
        return value

    @property
    def comparable_j(self) -> tuple[float, float] | None:
        """The interval between contributors."""
        return comparable_interval(
            self.energy_per_query_j,
            (self.content["between_low_j"], self.content["between_high_j"]),
            (self.content["low_j"], self.content["high_j"]),
        )

    @property
    def quality(self) -> list[dict[str, Any]]:
        """The scores."""
        scores: list[dict[str, Any]] = self.content["quality"]
        return scores

    @property
    def general_purpose(self) -> bool:
        """Whether the model answers anything."""
        return self.kind == GENERAL_PURPOSE

    @property
    def conditions(self) -> str:
        """Of a part's cells the stratum alone differs."""
        return self.stratum


def parts(state: StateFile) -> list[str]:
    """The parts that have a result or a published row."""
    rows = state.all(
        "SELECT part FROM evidence WHERE part IS NOT NULL UNION SELECT part FROM published WHERE part != ''"
    )
    return sorted(part for (part,) in rows)


class BoardReader:
    """Derives the cells of a part, and what is derived of them, by the functions of the platform."""

    def __init__(self, state: StateFile) -> None:
        self._state = state
        self._kinds: dict[str, str] | None = None

    def run(self, part: str) -> PartOutcome:
        """Compare one part."""
        outcome = PartOutcome()
        cells = self._cells(part)
        published = self._published("cells", part)
        n_values = sum(len(cell.device_values) for cell in cells.values())
        lag = Lag(
            is_stale=any(row.get("is_current") is False for row in published.values()),
            is_large=n_values > LARGE_PART_VALUES,
        )
        self._compare_cells(published, cells, outcome)
        self._compare_places(part, cells, lag, outcome)
        self._compare_comparison(part, cells, lag, outcome)
        return outcome

    def _cells(self, part: str) -> dict[str, DerivedCell]:
        groups: dict[str, list[tuple[Any, ...]]] = {}
        title: str | None = None
        for cell, device, contributor, code, row in self._state.all(COUNTING, part):
            if title is None:
                title = self._title(code)
            values = json.loads(row)
            values[TITLE] = title
            groups.setdefault(cell, []).append(((contributor, device), *values))
        return {key: self._derived(key, rows) for key, rows in groups.items()}

    def _derived(self, key: str, rows: list[tuple[Any, ...]]) -> DerivedCell:
        content, devices = aggregate_results(rows)
        _suite, _task, _dataset, model, *_rest, stratum = json.loads(key)
        return DerivedCell(
            key=key,
            model=model,
            stratum=stratum,
            kind=self._kind(model),
            content=json.loads(json.dumps(content)),
            device_values=[(*device, energy) for device, (energy, _n) in devices.items()],
        )

    def _title(self, code: str) -> str:
        """The title of a hardware class: the words of the first result that named it."""
        row = self._state.first(
            "SELECT hardware_title FROM evidence WHERE hardware_code = ? AND derived IS NOT NULL "
            "ORDER BY derived LIMIT 1",
            code,
        )
        return str(row[0]) if row else ""

    def _kind(self, model: str) -> str:
        if self._kinds is None:
            rows = self._state.all("SELECT key, row FROM published WHERE tbl = 'models'")
            self._kinds = {key: json.loads(row)["kind"] for key, row in rows}
        return self._kinds.get(model, UNKNOWN_KIND)

    def _published(self, table: str, part: str) -> dict[str, dict[str, Any]]:
        rows = self._state.all("SELECT key, row FROM published WHERE tbl = ? AND part = ?", table, part)
        return {key: json.loads(row) for key, row in rows}

    def _compare_cells(
        self, published: dict[str, dict[str, Any]], cells: dict[str, DerivedCell], outcome: PartOutcome
    ) -> None:
        for key in sorted(published.keys() | cells.keys()):
            name = _name(key)
            if key not in published or key not in cells:
                outcome.differs(
                    "JM-REPLAY-CELL", name, _presence("cell", name, is_published=key in published)
                )
                continue
            if published[key].get("is_current") is False:
                outcome.count("values_that_wait")  # the release says that newer results are not in it yet
                continue
            outcome.count("cells")
            _differ("JM-REPLAY-CELL", name, published[key], cells[key].content, CELL_NUMBERS, outcome)

    def _compare_places(
        self, part: str, cells: dict[str, DerivedCell], lag: Lag, outcome: PartOutcome
    ) -> None:
        published = self._published("ranks", part)
        places: dict[str, RowPlace] = places_in_part((cell, key) for key, cell in cells.items())
        if lag.excuses(is_published=bool(published)):
            outcome.count("places_that_wait", len(places))
            return
        for key in sorted(published.keys() | places.keys()):
            name = _name(key)
            if key not in published or key not in places:
                outcome.differs(
                    "JM-REPLAY-RANK", name, _presence("rank", name, is_published=key in published)
                )
                continue
            outcome.count("ranks")
            derived = asdict(places[key])
            _differ("JM-REPLAY-RANK", name, published[key], derived, PLACE_NUMBERS, outcome)

    def _compare_comparison(
        self, part: str, cells: dict[str, DerivedCell], lag: Lag, outcome: PartOutcome
    ) -> None:
        published = next(iter(self._published("comparisons", part).values()), None)
        name = _name(part)
        meeting = meeting_rows((cell.kind, cell) for cell in cells.values())
        try:
            numbers = compare_rows(meeting, model_values(meeting)) if meeting else None
        except (ArithmeticError, ValueError):
            numbers = None
        if lag.excuses(is_published=published is not None):
            outcome.count("comparisons_that_wait")
        elif (published is None) != (numbers is None):
            outcome.differs(
                "JM-REPLAY-COMPARISON",
                name,
                _presence("comparison", name, is_published=published is not None),
            )
        elif published is not None and numbers is not None:
            outcome.count("comparisons")
            _differ(
                "JM-REPLAY-COMPARISON", name, published, comparison_columns(numbers), RATIO_NUMBERS, outcome
            )


def model_values(cells: list[DerivedCell]) -> list[ModelValue]:
    """The values of devices in these cells."""
    return [
        ModelValue(
            model=cell.model,
            general_purpose=cell.general_purpose,
            source=cell.stratum,
            energy_per_query_j=energy_j,
            contributor=contributor,
            device=device,
        )
        for cell in cells
        for contributor, device, energy_j in cell.device_values
    ]


def comparison_columns(numbers: ComparisonNumbers) -> dict[str, Any]:
    """The numbers of a comparison by the names of its columns."""
    document = numbers.to_json()
    flat: dict[str, Any] = json.loads(json.dumps(document["paired"] | {
        name: document[name] for name in COMPARISON_SIDES
    }))  # fmt: skip
    return flat


def _differ(
    code: str,
    name: str,
    published: dict[str, Any],
    derived: dict[str, Any],
    columns: tuple[str, ...],
    outcome: PartOutcome,
) -> None:
    shared = [column for column in columns if column in published and column in derived]
    for column, is_published, follows in differing(published, derived, shared):
        outcome.differs(
            code,
            name,
            _("{name}: {column} is published as {published}; the evidence gives {derived}.").format(
                name=name, column=column, published=is_published, derived=follows
            ),
        )


NOT_DERIVED = {
    "cell": marked("{name}: a value is published, and none follows from the evidence."),
    "rank": marked("{name}: a place is published, and none follows from the evidence."),
    "comparison": marked("{name}: a comparison is published, and none follows from the evidence."),
}
NOT_PUBLISHED = {
    "cell": marked("{name}: a value follows from the evidence, and none is published."),
    "rank": marked("{name}: a place follows from the evidence, and none is published."),
    "comparison": marked("{name}: a comparison follows from the evidence, and none is published."),
}


def _presence(what: str, name: str, *, is_published: bool) -> str:
    sentence = NOT_DERIVED[what] if is_published else NOT_PUBLISHED[what]
    return _(sentence).format(name=name)


def _name(key: str) -> str:
    """A key in one line, without the digest of its suite."""
    values = json.loads(key)
    return " / ".join(str(value)[:12] if place == 0 else str(value) for place, value in enumerate(values))
