"""Numbers that stand in the input more than once: further runs where they differ, copies where they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.published.figures import LeftOut, Run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.published.figures import PublishedSubject


def without_copies(runs: Iterable[Run]) -> tuple[tuple[Run, ...], tuple[LeftOut, ...]]:
    """(runs, copies): two files of one leaderboard may hold the same number, which is one run and not two.

    Whoever measures twice does not read the same energy to the last digit.
    """
    first: dict[tuple[PublishedSubject, float], Run] = {}
    copies = []
    for run in runs:
        before = first.setdefault((run.subject, run.energy_kwh_per_1000), run)
        if before is not run:
            copies.append(
                LeftOut(
                    where=run.where,
                    what=run.subject.model,
                    reason=f"the same number as another place of the input, such as {before.where}",
                )
            )
    return tuple(first.values()), tuple(copies)
