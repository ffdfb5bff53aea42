"""Rows of whom and what the numbers are about, as they are at one moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from django.db.models import Min

from joulemark.impact import intensity
from joulemark.impact.claims import checked_claims
from joulemark.release import layout
from joulemark.rules.judge import RULES
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Suite, Task
from measurements.contributors.models import Contributor, Device, Key
from measurements.published.models import PublishedFigure, PublishedSeries
from measurements.published.terms import LICENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from measurements.releases.table_writer import Row

CHUNK = 2000


def key_rows() -> Iterator[Row]:
    """Rows of `keys`."""
    rows = Key.objects.order_by("pk").values_list(
        "pk", "public_key", "contributor__pseudonym", "state", "enrolled_at", "ended_at", "untrusted_since",
        "replaced_by",
    )  # fmt: skip
    return ((*row, LICENCE) for row in rows.iterator(CHUNK))


def contributor_rows() -> Iterator[Row]:
    """Rows of `contributors`: pseudonyms alone, since a display name can be taken back and a file cannot."""
    rows = (
        Contributor.objects.annotate(first=Min("keys__enrolled_at"))
        .order_by("pseudonym")
        .values_list(
            "pseudonym",
            "first",
            "created_at",
            "standing__in_a_row",
            "standing__agreed",
            "standing__disagreed",
        )
    )
    for pseudonym, first, created_at, *standing in rows.iterator(CHUNK):
        yield pseudonym, first or created_at, *(value or 0 for value in standing), LICENCE


def device_rows() -> Iterator[Row]:
    """Rows of `devices`."""
    rows = Device.objects.order_by("contributor__pseudonym", "tag", "hardware_class__code").values_list(
        "contributor__pseudonym", "tag", "hardware_class__code", "first_seen_at"
    )
    return ((*row, LICENCE) for row in rows.iterator(CHUNK))


def hardware_rows() -> Iterator[Row]:
    """Rows of `hardware`. What only a contributor calls it is left out, as pages do not show it as a title."""
    for row in HardwareClass.objects.order_by("code").iterator(CHUNK):
        yield (
            row.code,
            row.public_slug,
            row.public_title,
            row.kind,
            row.name_state,
            row.reported_by,
            row.memory_bytes,
            row.power_w,
            row.architecture,
            row.year,
            row.facts_source,
            row.not_known,
            LICENCE,
        )


def model_rows() -> Iterator[Row]:
    """Rows of `models`."""
    rows = AiModel.objects.order_by("slug").values_list(
        "slug", "title", "kind", "parameters", "licence", "owner", "family", "released_on", "link", "source",
        "not_known", "known_from",
    )  # fmt: skip
    return ((*row, LICENCE) for row in rows.iterator(CHUNK))


def task_rows() -> Iterator[Row]:
    """Rows of `tasks`."""
    rows = Task.objects.order_by("slug").values_list("slug", "title", "modality", "position", "known_from")
    return ((*row, LICENCE) for row in rows)


def dataset_rows() -> Iterator[Row]:
    """Rows of `datasets`."""
    rows = DataSet.objects.order_by("task__slug", "slug").values_list(
        "task__slug", "slug", "title", "licence", "source", "known_from"
    )
    return ((*row, LICENCE) for row in rows)


def suite_rows() -> Iterator[Row]:
    """Rows of `suites`."""
    rows = Suite.objects.order_by("digest").values_list(
        "name", "version", "digest", "title", "pinned__archive_sha256", "pinned__pinned_at"
    )
    for name, version, digest, title, archive_sha256, pinned_at in rows:
        path = layout.suite_path(digest) if archive_sha256 else None
        yield name, version, digest, title, path, archive_sha256, pinned_at, LICENCE


def rule_rows() -> Iterator[Row]:
    """Rows of `rules`."""
    for rule in sorted(RULES, key=lambda rule: rule.code):
        words = (rule.title, rule.condition, rule.mend)
        yield (rule.code, rule.severity, *words, rule.version, rule.where, LICENCE)


def published_series_rows() -> Iterator[Row]:
    """Rows of `published_series`, each under its publisher's terms."""
    rows = PublishedSeries.objects.order_by("slug").values_list(
        "slug", "title", "scope", "source", "url", "hardware_note", "digest", "revision", "imported_at", "left_out",
        "licence",
    )  # fmt: skip
    return iter(rows)


def published_figure_rows() -> Iterator[Row]:
    """Rows of `published_figures`, each under its publisher's terms."""
    figures = PublishedFigure.objects.with_names().order_by(
        "series__slug", "task__slug", "dataset__slug", "model__slug", "hardware_class__code", "stratum"
    )
    for row in figures.iterator(CHUNK):
        yield (
            row.series.slug,
            "published",
            row.series.scope,
            row.task.slug,
            row.dataset.slug if row.dataset else "",
            row.model.slug,
            row.hardware_class.code,
            row.stratum,
            row.energy_kwh_per_1000,
            row.low_kwh_per_1000,
            row.high_kwh_per_1000,
            row.std_kwh_per_1000,
            row.gpu_kwh_per_1000,
            row.cpu_kwh_per_1000,
            row.ram_kwh_per_1000,
            row.duration_s,
            row.not_known,
            row.n_runs,
            row.quality,
            row.source,
            row.series.revision,
            row.series.licence,
        )


def claim_rows() -> Iterator[Row]:
    """Rows of `published_claims`."""
    for claim in sorted(checked_claims(), key=lambda claim: claim.id):
        values = msgspec.to_builtins(claim.values)
        source = claim.source
        head = (claim.id, claim.statement, source.title, source.year, source.url)
        yield (*head, claim.unit, claim.verdict, values, "published", LICENCE)


def intensity_rows() -> Iterator[Row]:
    """Rows of `intensities`, under the terms of their source."""
    about = intensity.about()
    for row in sorted(intensity.rows(), key=lambda row: (row.code, row.year)):
        yield (row.code, row.name, row.kind, row.year, row.gco2e_per_kwh, about.title, about.licence)
