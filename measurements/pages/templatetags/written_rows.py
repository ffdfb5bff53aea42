"""Template tags of a board's and of a task's rows, each written once for what it shows (`fragments`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.template import Engine

from measurements.pages.fragments import written_once
from measurements.web.as_of import moment_shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.template import Context
    from django.utils.safestring import SafeString

    from measurements.boards.board_row import BoardRow
    from measurements.boards.board_table import TableRow
    from measurements.boards.unit_columns import UnitColumn

register = template.Library()


@register.simple_tag(takes_context=True)
def board_row(
    context: Context, row: BoardRow, columns: Sequence[UnitColumn], *, has_ranks: bool
) -> SafeString:
    """A row of a board's table, with a rank where the group has any, and these columns of joules per unit."""
    values = {"row": row, "columns": columns, "has_ranks": has_ranks}
    return _written("pages/_board_row.html", context, values, key=(row, list(columns), has_ranks))


@register.simple_tag(takes_context=True)
def table_row(context: Context, line: TableRow) -> SafeString:
    """A row of a task's table."""
    model, hardware = line.model, line.hardware
    key = (
        line.row, line.series.name, line.energy, line.relative, line.score, line.latency_p50_s, line.peak_memory_bytes,
        model.owner, model.family, model.licence, model.released_on,
        hardware.memory_bytes, hardware.power_w, hardware.architecture, hardware.year,
    )  # fmt: skip
    return _written("pages/_task_row.html", context, {"line": line}, key=key)


def _written(name: str, context: Context, values: Mapping[str, Any], *, key: tuple[Any, ...]) -> SafeString:
    """The row by its template, which is given these values, and whose links carry the moment."""
    request = getattr(context, "request", None)
    moment = None if request is None else moment_shown(request)
    return written_once(
        name, moment, key, lambda: Engine.get_default().get_template(name).render(context.new(dict(values)))
    )
