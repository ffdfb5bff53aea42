"""Training beside use: the energy that making a model took, in years of the use that is asked about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from joulemark.impact.parity import other_parities, study_parities
from joulemark.impact.quantity import Quantity
from joulemark.impact.study_figures import study_source
from joulemark.suite.published import load_study

if TYPE_CHECKING:
    from joulemark.impact.quantity import Source
    from joulemark.impact.usage import YearOfUse


@dataclass(frozen=True, kw_only=True)
class TrainingBeside:
    """A model's training and fine-tuning, kWh, beside a year of use: that many such years take as much.

    `years` and `queries` have the range of the energy of a query; both are None for a use that takes nothing.
    """

    title: str
    energy: Quantity
    years: Quantity | None
    queries: Quantity | None

    @property
    def source(self) -> Source:
        """Where the training's energy comes from."""
        return self.energy.sources[0]


def trainings_beside(year: YearOfUse) -> list[TrainingBeside]:
    """Every training with a cited energy, the largest first."""
    return [
        TrainingBeside(
            title=title,
            energy=energy,
            years=_over(energy, year.energy, "years"),
            queries=_over(energy.times(1000, "Wh"), year.usage.wh_per_query, "queries"),
        )
        for title, energy in _trainings()
    ]


@cache
def _trainings() -> list[tuple[str, Quantity]]:
    study = load_study()
    titles = {model.id: model.title for model in study.models}
    trainings = [
        (titles[row.model], Quantity(value=row.made_kwh, unit="kWh", sources=(study_source(study),)))
        for row in study_parities(study)
    ]
    trainings += [(row.model, row.training) for row in other_parities()]
    return sorted(trainings, key=lambda training: -training[1].value)


def _over(energy: Quantity, use: Quantity, unit: str) -> Quantity | None:
    """The quotient; None where the use takes nothing, without a range where it may take nothing."""
    if use.value == 0:
        return None
    if use.low == 0:
        use = Quantity(value=use.value, unit=use.unit, sources=use.sources)
    return energy.over(use, unit)
