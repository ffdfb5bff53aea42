"""The measured values of boards that reported claims are compared with, as the pure rule takes them."""

from __future__ import annotations

from joulemark.impact.board_numbers import BoardValue
from joulemark.impact.reported_rule import tasks_compared
from measurements.boards.models import Cell
from measurements.catalog.models import HardwareClass
from measurements.display.choices import Grade

COLUMNS = (
    *("suite__name", "suite__version", "dataset__task__slug", "dataset__slug", "model__slug", "model__kind"),
    *("hardware_class", "scope", "stratum", "energy_per_query_j", "low_j", "high_j"),
)


def read_board_values() -> list[BoardValue]:
    """Measured cells on the tasks that claims are about, in two queries; estimates and others' figures are left out."""
    rows = (
        Cell.objects.filter(grade=Grade.MEASURED, dataset__task__slug__in=tasks_compared())
        .order_by()
        .values_list(*COLUMNS)
    )
    cells = list(rows)
    classes = HardwareClass.objects.in_bulk({cell[6] for cell in cells}) if cells else {}
    return [
        BoardValue(
            suite=f"{name} {version}",
            task=task,
            dataset=dataset,
            model=model,
            kind=kind,
            hardware=classes[hardware].public_slug,
            scope=scope,
            stratum=stratum,
            energy_j=energy,
            low_j=low,
            high_j=high,
        )
        for name, version, task, dataset, model, kind, hardware, scope, stratum, energy, low, high in cells
    ]
