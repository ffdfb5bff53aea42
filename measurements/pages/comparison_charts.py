"""The overlay of a comparison of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.display.overlay_plot import OverlayGroup, OverlayPlot, OverlayPoint, overlay_plot
from measurements.display.templatetags.figures import grade_name, kind_name, scope_name, watt_hours
from measurements.display.titles import translated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from measurements.boards.model_comparison import ComparedGroup, ModelComparison


def comparison_overlay(comparison: ModelComparison, letters: Mapping[str, str]) -> OverlayPlot | None:
    """Wh per 1,000 queries of every model in every group of a page, with its 95 % interval."""
    return overlay_plot(
        [_group(group, letters) for group in comparison.groups],
        title=gettext("Energy per 1,000 queries, model by model under equal conditions"),
        description=gettext(
            "Each group is one data set on one hardware; letters name the models. The tables below have every value."
        ),
        axis=gettext("Wh per 1,000 queries, logarithmic; bars are 95 % intervals of the true energy"),
    )


def _group(group: ComparedGroup, letters: Mapping[str, str]) -> OverlayGroup:
    head = group.head
    return OverlayGroup(
        label=" · ".join(
            [
                translated(head.dataset_title),
                head.hardware_title,
                scope_name(head.scope),
                grade_name(head.grade),
            ]
        ),
        points=[
            OverlayPoint(
                letter=letters[row.model],
                text=f"{letters[row.model]} {row.model_title}: {watt_hours(row.energy_wh_per_1000)}, "
                + kind_name(row.kind),
                value=row.energy_wh_per_1000,
                low=row.low_wh_per_1000,
                high=row.high_wh_per_1000,
                kind=row.kind,
                grade=row.grade,
            )
            for row in (compared.row for compared in group.models)
        ],
    )
