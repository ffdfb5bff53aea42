"""At equal size: the size-controlled factor out of volunteers' results, one for each series that can tell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from joulemark.consensus.size_controlled import SizeControlled, Sized, size_controlled
from measurements.boards.fault_isolation import NotComputable, computed
from measurements.boards.series import SuiteSeries
from measurements.display.choices import ModelKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from measurements.boards.series import Series


@dataclass(frozen=True, kw_only=True)
class EqualSize:
    """A series with the estimate of its factor; the clusters are contributors."""

    series: SuiteSeries
    estimate: SizeControlled


def read_equal_size(every: Iterable[Series]) -> tuple[list[EqualSize], int]:
    """Of the volunteers' series among these, each once: whose models differ enough in size to tell kind from size.

    The groups are what may be compared directly: a data set, hardware class, scope and configuration. A model whose
    number of parameters or whose kind is not known is left out. The number is of series whose numbers cannot be
    combined.
    """
    fitted, n_missing = [], 0
    volunteers = (series for series in every if isinstance(series, SuiteSeries))
    for series in {series.slug: series for series in volunteers}.values():
        try:
            estimate = computed(f"the factor at equal size of {series.slug}", partial(_fit, series))
        except NotComputable:
            n_missing += 1
            continue
        if estimate is not None:
            fitted.append(EqualSize(series=series, estimate=estimate))
    return fitted, n_missing


def _fit(series: SuiteSeries) -> SizeControlled | None:
    values = (
        series.device_values()
        .filter(cell__model__parameters__isnull=False)
        .exclude(cell__model__kind=ModelKind.UNKNOWN)
        .order_by("pk")
        .values_list(
            "cell__dataset_id",
            "cell__hardware_class_id",
            "cell__scope",
            "cell__stratum",
            "energy_per_query_j",
            "cell__model__parameters",
            "cell__model__kind",
            "device__contributor_id",
        )
    )
    observations, clusters = [], []
    for *group, energy, parameters, kind, contributor in values:
        observations.append(
            Sized(
                group=tuple(group),
                energy=energy,
                parameters=parameters or 0,  # never null here: the query leaves those out
                general_purpose=kind == ModelKind.GENERAL_PURPOSE,
            )
        )
        clusters.append(contributor)
    return size_controlled(observations, clusters) if observations else None
