"""Training against use: after how many queries has answering used as much energy as making the model?

queries at parity = (training + fine-tuning) / energy of one query. The study prints it in table 5 from an energy that
is rounded to few digits; here it is also formed from the unrounded mean of the same runs, and the difference is
put down to its causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from joulemark.impact.quantity import NOT_STATED, Quantity, Source
from joulemark.impact.study_figures import (
    Pick,
    as_printed,
    energy_kwh_per_1000,
    general_purpose_mean,
    study_source,
)
from joulemark.impact.tables import read_toml

if TYPE_CHECKING:
    from joulemark.suite.published import Study

Cause = Literal["query-energy-rounded", "query-energy-differs", "parts-do-not-give-it"]
"""Why a printed number of queries is not the recomputed one: the energy of a query beside it is a rounding of the mean,
or is not; or the printed parts, divided as the article says, do not give the printed quotient."""


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model with a cited training energy; `query_kwh` where a source gives the energy of a query too."""

    model: str
    training_kwh: float
    finetuning_kwh: float
    query_kwh: float | None = None
    source: str
    year: int
    licence: str
    url: str | None = None
    checked: bool


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    trainings: tuple[Training, ...]


@dataclass(frozen=True, kw_only=True)
class StudyParity:
    """A row of table 5, recomputed.

    `queries`: with the unrounded mean over the three compared tasks; its ends are the most and the least frugal of
    the three. `with_printed_energy`: with the rounded energy of a query beside it in the table. `rounding`: how far
    that lies from `queries`, relative; `unexplained`: how far `printed` lies from `with_printed_energy`, relative.
    """

    model: str
    made_kwh: float
    query_kwh: float
    printed_query_kwh: float
    queries: Quantity
    with_printed_energy: float
    printed: int
    rounding: float
    unexplained: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True, kw_only=True)
class OtherParity:
    """A model outside table 5; `queries` is None where no energy of a query is cited beside its training."""

    model: str
    training: Quantity
    queries: Quantity | None


def queries_at_parity(training: Quantity, query: Quantity) -> Quantity:
    """Queries that use as much as making the model did; both in the same unit of energy.

    Raises ZeroDivisionError for a query that uses, or may use, nothing.
    """
    return training.over(query, "queries")


def study_parities(study: Study) -> list[StudyParity]:
    """Table 5, row by row."""
    return [
        _recomputed(
            study, row.model, row.training_kwh + row.finetuning_kwh, row.query_kwh, row.paper_parity_queries
        )
        for row in study.training
    ]


def other_parities() -> list[OtherParity]:
    """Models outside table 5 with a cited training energy, in the file's order."""
    return [_other(row) for row in read_toml("training.toml", _File).trainings]


def _other(row: Training) -> OtherParity:
    source = Source(
        id=row.model,
        title=row.source,
        year=row.year,
        licence=row.licence,
        url=row.url,
        checked=row.checked,
        scope=NOT_STATED,
    )
    training = Quantity(value=row.training_kwh + row.finetuning_kwh, unit="kWh", sources=(source,))
    if row.query_kwh is None:
        return OtherParity(model=row.model, training=training, queries=None)
    query = Quantity(value=row.query_kwh, unit="kWh", sources=(source,))
    return OtherParity(model=row.model, training=training, queries=queries_at_parity(training, query))


def _recomputed(
    study: Study, model: str, made_kwh: float, printed_query_kwh: float, printed: int
) -> StudyParity:
    per_task = [
        energy_kwh_per_1000(study, Pick(task=task.id, model=model)) / 1000
        for task in study.tasks
        if task.compared
    ]
    query = Quantity(
        value=general_purpose_mean(study, model) / 1000,
        low=min(per_task),
        high=max(per_task),
        unit="kWh",
        sources=(study_source(study),),
    )
    queries = queries_at_parity(Quantity(value=made_kwh, unit="kWh", sources=(study_source(study),)), query)
    with_printed = made_kwh / printed_query_kwh
    causes: list[Cause] = []
    if printed_query_kwh != query.value:
        rounded = as_printed(query.value, repr(printed_query_kwh)) is not None
        causes.append("query-energy-rounded" if rounded else "query-energy-differs")
    if as_printed(with_printed, str(printed)) is None:
        causes.append("parts-do-not-give-it")
    return StudyParity(
        model=model,
        made_kwh=made_kwh,
        query_kwh=query.value,
        printed_query_kwh=printed_query_kwh,
        queries=queries,
        with_printed_energy=with_printed,
        printed=printed,
        rounding=with_printed / queries.value - 1,
        unexplained=printed / with_printed - 1,
        causes=tuple(causes),
    )
