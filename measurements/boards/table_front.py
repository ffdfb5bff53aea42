"""Which rows of a table are on the front: nobody under the same conditions surely uses less and scores better."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from joulemark.consensus.pareto import ParetoOption, pareto_front
from joulemark.leaderboard.fronts import interval_of_score
from measurements.boards.relative_energy import informative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measurements.boards.board_table import BoardTable, TableRow

Scored = tuple["TableRow", dict[str, Any]]


def scored_rows(table: BoardTable) -> tuple[str, list[Scored]]:
    """A metric and the rows that have both an energy in the unit and a score of it.

    The metric is the table's; where it has several and none was asked for, the one that most of its rows have.
    """
    metric = table.metric
    if not metric:
        counted = Counter(score["metric"] for line in table.rows for score in line.row.quality)
        metric = max(sorted(counted), key=counted.__getitem__, default="")
    scored = [
        (line, score)
        for line in table.rows
        for score in line.row.quality
        if score["metric"] == metric and line.energy.value is not None and line.energy.value > 0
    ]
    return metric, scored


def front_places(scored: Sequence[Scored]) -> frozenset[int]:
    """The places of those on the front of their own conditions; none where fewer than two take part in it.

    Energies are compared by the intervals between contributors, as a board's are; a row without one takes no part.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, (line, _) in enumerate(scored):
        groups.setdefault((line.row.series, *line.row.conditions), []).append(place)
    places_on_front: set[int] = set()
    for places in groups.values():
        front = pareto_front(
            [_option(*scored[place]) for place in places],
            higher_is_better=all(scored[place][1]["higher_is_better"] for place in places),
        )
        places_on_front.update(places[number] for number in front.unbeaten)
    return frozenset(places_on_front)


def _option(line: TableRow, score: dict[str, Any]) -> ParetoOption:
    energy = line.energy
    value_j = energy.value_j or 0.0
    return ParetoOption(
        energy=value_j,
        quality=score["value"],
        energy_interval=informative(value_j, energy.between_low_j, energy.between_high_j),
        quality_interval=interval_of_score(score),
    )
