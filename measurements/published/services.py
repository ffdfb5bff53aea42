"""Writes of published series: the study that comes with the software, and what is imported."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from measurements.catalog.lookup import read_catalogue
from measurements.catalog.services import load_study_catalog
from measurements.published.models import PublishedFigure, PublishedSeries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.suite.published import Study
    from measurements.catalog.models import HardwareClass

SPREAD_AND_PARTS = (
    "low_kwh_per_1000", "high_kwh_per_1000", "std_kwh_per_1000", "gpu_kwh_per_1000", "cpu_kwh_per_1000",
    "ram_kwh_per_1000", "duration_s",
)  # fmt: skip
"""What a figure may lack."""


@dataclass(frozen=True, kw_only=True)
class SeriesFacts:
    """The facts of a series; each is a column of `PublishedSeries`."""

    slug: str
    title: str
    scope: str
    source: str
    licence: str
    url: str
    hardware_note: str


def write_series(
    *, facts: SeriesFacts, digest: str, figures: list[PublishedFigure], left_out: list[dict[str, object]]
) -> PublishedSeries:
    """Write a series whole, in the place of what it was before; when nothing has changed nothing is written.

    Runs in the caller's transaction. The rows in `figures` have no series yet.
    """
    stored = PublishedSeries.objects.select_for_update().filter(slug=facts.slug).first()
    values = asdict(facts) | {"digest": digest, "left_out": left_out}
    if stored is not None:
        same = all(getattr(stored, name) == value for name, value in values.items())
        if same and _contents(stored.figures.all()) == _contents(figures):
            return stored
        stored.figures.all().delete()
    series, is_new = PublishedSeries.objects.update_or_create(
        slug=facts.slug, defaults=values | {"imported_at": timezone.now()}
    )
    if not is_new:
        series.revision += 1
        series.save(update_fields=["revision"])
    for figure in figures:
        figure.series = series
    PublishedFigure.objects.bulk_create(figures)
    return series


def _contents(figures: Iterable[PublishedFigure]) -> set[str]:
    """Everything of each figure but its row's number, series and date, in a form that can be compared."""
    left_out = {"id", "series_id", "updated_at"}
    names = [
        field.attname for field in PublishedFigure._meta.concrete_fields if field.attname not in left_out
    ]
    return {json.dumps([getattr(figure, name) for name in names], sort_keys=True) for figure in figures}


def load_published(*, study: Study) -> int:
    """Load a study's figures as a series of their own; return how many. Loading again changes nothing."""
    facts = SeriesFacts(
        slug=study.id,
        title="Published study, 2024",
        scope=study.scope,
        source=f"{', '.join(study.citation.authors)}. {study.citation.title} {study.citation.venue}",
        licence=study.licence.compilation,
        url=f"https://doi.org/{study.citation.doi}",
        hardware_note=study.protocol.gpu,
    )
    with transaction.atomic():
        figures = _study_rows(study, load_study_catalog(study))
        write_series(facts=facts, digest=study.digest, figures=figures, left_out=[])
    return len(figures)


def _study_rows(study: Study, hardware: HardwareClass) -> list[PublishedFigure]:
    catalogue = read_catalogue()
    qualities: dict[tuple[str, str | None, str], list[dict[str, object]]] = {}
    for score in study.quality:
        listed = qualities.setdefault((score.task, score.dataset, score.model), [])
        listed.append({"metric": score.metric, "value": score.value, "n": None, "higher_is_better": True})
    rows = [
        PublishedFigure(
            task=catalogue.tasks[figure.task],
            dataset=catalogue.datasets[figure.task, figure.dataset] if figure.dataset else None,
            model=catalogue.models[figure.model],
            hardware_class=hardware,
            energy_kwh_per_1000=figure.energy_kwh_per_1000,
            low_kwh_per_1000=figure.energy_min_kwh_per_1000,
            high_kwh_per_1000=figure.energy_max_kwh_per_1000,
            std_kwh_per_1000=figure.energy_std_kwh_per_1000,
            gpu_kwh_per_1000=figure.gpu_kwh_per_1000,
            cpu_kwh_per_1000=figure.cpu_kwh_per_1000,
            ram_kwh_per_1000=figure.ram_kwh_per_1000,
            duration_s=figure.duration_s,
            n_runs=figure.n_runs,
            quality=qualities.get((figure.task, figure.dataset, figure.model), []),
            source=figure.source,
        )
        for figure in study.figures
    ]
    for row in rows:
        row.not_known = {name: "not-kept" for name in SPREAD_AND_PARTS if getattr(row, name) is None}
    return rows
