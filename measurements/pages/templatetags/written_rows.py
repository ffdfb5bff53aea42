"""Template tags of rows of boards, tasks and subjects, and of a task's forms: each written once for what it shows."""

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
    from measurements.boards.model_rivals import SizeRank
    from measurements.boards.subject_rows import SubjectRow
    from measurements.boards.unit_columns import UnitColumn
    from measurements.pages.query_form import FieldGroup, QueryField

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


@register.simple_tag(takes_context=True)
def subject_row(context: Context, line: SubjectRow, subject: str) -> SafeString:
    """A row of the values of a `hardware` class or a `dataset`, without the columns that would say which."""
    values = {"line": line, "subject": subject}
    return _written("pages/_subject_row.html", context, values, key=(*_of_subject(line), _plain(subject)))


@register.simple_tag(takes_context=True)
def model_value_row(context: Context, line: SubjectRow, size: SizeRank | None) -> SafeString:
    """A row of a model's values, with its rank among models of its size."""
    values = {"line": line, "size": size}
    return _written("pages/_model_value_row.html", context, values, key=(*_of_subject(line), size))


def _of_subject(line: SubjectRow) -> tuple[Any, ...]:
    return line.row, line.series.name, line.task_title, line.cell is not None


@register.simple_tag(takes_context=True)
def query_forms(
    context: Context,
    task_slug: str,
    carried: SafeString,
    chooser: Sequence[QueryField],
    groups: Sequence[FieldGroup],
) -> SafeString:
    """The chooser and the form of filters above a task's table; `carried` are fields of the moment."""
    values = {"task_slug": task_slug, "carried": carried, "chooser": chooser, "groups": groups}
    key = (
        task_slug, _plain(carried), [_key_of(field) for field in chooser],
        [(group.legend, [_key_of(field) for field in group.fields]) for group in groups],
    )  # fmt: skip
    return _written("pages/_query_forms.html", context, values, key=key)


def _key_of(field: QueryField) -> tuple[Any, ...]:
    options = [(word, _plain(title)) for word, title in field.options or ()]
    return (field.name, field.label, _plain(field.value), field.hint, field.is_number, options)


def _plain(text: str) -> str:
    """The text as a plain `str`, which a key takes: what is marked as safe is of a class of its own."""
    return "".join((text,))


def _written(name: str, context: Context, values: Mapping[str, Any], *, key: tuple[Any, ...]) -> SafeString:
    """The row by its template, which is given these values, and whose links carry the moment."""
    request = getattr(context, "request", None)
    moment = None if request is None else moment_shown(request)
    return written_once(
        name, moment, key, lambda: Engine.get_default().get_template(name).render(context.new(dict(values)))
    )
