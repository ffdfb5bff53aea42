"""The overlay of a comparison of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.display.row_plot import Point, RowGroup, grouped_plot
from measurements.display.templatetags.figures import grade_name, kind_name, scope_name, watt_hours
from measurements.display.titles import translated
from measurements.pages.charts import evidence_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from measurements.boards.model_comparison import ComparedGroup, ModelComparison
    from measurements.catalog.models import AiModel
    from measurements.display.drawing import Drawing

LETTERS = "ABCDEF"


def comparison_overlay(comparison: ModelComparison, letters: Mapping[str, str]) -> Drawing | None:
    """Wh per 1,000 queries of every model in every group of a page, with its 95 % interval."""
    return grouped_plot(
        [_group(group, letters) for group in comparison.groups],
        title=gettext("Energy per 1,000 queries, model by model under equal conditions"),
        description=gettext(
            "Each group is one data set on one hardware; letters name the models. The tables below have every value."
        ),
        caption=gettext("Wh per 1,000 queries, logarithmic; bars are 95 % intervals of the true energy"),
    )


def _group(group: ComparedGroup, letters: Mapping[str, str]) -> RowGroup:
    head = group.head
    return RowGroup(
        label=" · ".join(
            [
                translated(head.dataset_title),
                head.hardware_title,
                scope_name(head.scope),
                grade_name(head.grade),
            ]
        ),
        points=[
            Point(
                label=f"{letters[row.model]} {row.model_title}",
                text=watt_hours(row.energy_wh_per_1000),
                value=row.energy_wh_per_1000,
                low=row.low_wh_per_1000,
                high=row.high_wh_per_1000,
                kind=row.kind,
                kind_title=kind_name(row.kind),
                grade=row.grade,
                href=evidence_address(row, None),
            )
            for row in (compared.row for compared in group.models)
        ],
    )


def letters_of(models: Sequence[AiModel]) -> dict[str, str]:
    """A letter for each model of a comparison, by its slug."""
    return {model.slug: letter for model, letter in zip(models, LETTERS, strict=False)}
