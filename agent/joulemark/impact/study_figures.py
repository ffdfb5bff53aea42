"""Figures of the published study, picked and averaged: kWh per 1,000 queries, scope `node`."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import msgspec

from joulemark.impact.quantity import Source
from joulemark.suite.schema import ModelKind

if TYPE_CHECKING:
    from joulemark.suite.published import Study, StudyFigure

Family = Literal["Flan-T5", "BLOOMz"]
Statistic = Literal["mean", "least", "most", "worst-run", "printed-mean"]
Printed = Literal["rounded", "cut"]

FAMILIES: dict[Family, str] = {"Flan-T5": "google/flan-t5-", "BLOOMz": "bigscience/bloomz-"}
"""The two families of general-purpose models, and how the ids of their models begin."""


class Pick(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which figures: of a task, on one data set or over all three, of one kind, family or model.

    `mean`: over the models, each with its mean; `least` and `most`: the model with the least or most; `worst-run`: the
    run with the most; `printed-mean`: the task's mean as the article prints it.
    """

    task: str
    dataset: str | None = None
    kind: ModelKind = "task-specific"
    family: Family | None = None
    model: str | None = None
    statistic: Statistic = "mean"


def study_source(study: Study) -> Source:
    """The study as the source of a number."""
    return Source(
        id=study.id,
        title=f"{study.citation.authors[0]} et al., {study.citation.title} (arXiv {study.citation.arxiv})",
        year=study.citation.year,
        licence=study.licence.compilation,
        url=f"https://doi.org/{study.citation.doi}",
        scope=study.scope,
        version=study.digest,
    )


def picked(study: Study, pick: Pick) -> tuple[StudyFigure, ...]:
    """The figures that `pick` means, before any statistic. Raises LookupError where there is none."""
    kind: ModelKind | None = "general-purpose" if pick.family else pick.kind
    if pick.model is not None:
        kind = None
    figures = tuple(
        figure
        for figure in study.figures_of(task=pick.task, dataset=pick.dataset, kind=kind)
        if figure.model.startswith(FAMILIES[pick.family] if pick.family else "")
        and pick.model in (None, figure.model)
    )
    if not figures:
        raise LookupError(f"The study has no such figure: {pick}.")
    return figures


def energy_kwh_per_1000(study: Study, pick: Pick) -> float:
    """One number for `pick`. Raises LookupError where the study has none."""
    if pick.statistic == "printed-mean":
        return next(task.paper_energy_kwh_per_1000 for task in study.tasks if task.id == pick.task)
    figures = picked(study, pick)
    if pick.statistic == "worst-run":
        runs = [f.energy_max_kwh_per_1000 for f in figures if f.energy_max_kwh_per_1000 is not None]
        if len(runs) < len(figures):
            raise LookupError(f"The study's runs were not kept one by one: {pick}.")
        return max(runs)
    energies = [figure.energy_kwh_per_1000 for figure in figures]
    if pick.statistic == "mean":
        return fmean(energies)
    return min(energies) if pick.statistic == "least" else max(energies)


def task_mean(study: Study, task: str) -> float:
    """Table 2: the mean over a task's eight task-specific models. Raises LookupError for an unknown task."""
    return energy_kwh_per_1000(study, Pick(task=task))


def general_purpose_mean(study: Study, model: str) -> float:
    """Table 3: a general-purpose model's mean over the three compared tasks. Raises LookupError for another model."""
    tasks = [task.id for task in study.tasks if task.compared]
    return fmean(energy_kwh_per_1000(study, Pick(task=task, model=model)) for task in tasks)


def gco2e_per_1000(study: Study, energy: float) -> float:
    """Grams as the article has them: with the intensity that it used, not the one that it states."""
    return energy * study.protocol.used_intensity_gco2e_per_kwh


def as_printed(value: float, printed: str) -> Printed | None:
    """Whether `printed` is `value` rounded, or cut, to its digits; None where it is neither."""
    target = Decimal(printed)
    step = Decimal(1).scaleb(int(target.as_tuple().exponent))
    exact = Decimal(repr(value))
    if exact.quantize(step, rounding=ROUND_HALF_UP) == target:
        return "rounded"
    return "cut" if exact.quantize(step, rounding=ROUND_DOWN) == target else None
