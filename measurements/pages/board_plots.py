"""The plots of a board's page with their files, and each of them as a sheet of its own."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.requested_rows import requested_board
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.display.plot_file import Sheet
from measurements.display.templatetags.figures import scope_name
from measurements.display.titles import translated
from measurements.pages.charts import group_plots
from measurements.pages.page_sheets import value_in_words
from measurements.pages.plot_sheets import dated, plot_answer, plot_files, sheet_notes
from measurements.published.sources import PUBLISHED
from measurements.web.as_of import address_at, honours_as_of, moment_shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from measurements.boards.queries import Board, Group
    from measurements.display.drawing import Drawing
    from measurements.web.as_of import Moment

Files = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class GroupWithPlots:
    """A group of a board's page: its energies, and energy beside quality and size, each with its files."""

    group: Group
    energy: tuple[Drawing, Files] | None
    beside: list[tuple[Drawing, Files]]


def groups_with_plots(board: Board, moment: Moment | None) -> list[GroupWithPlots]:
    """The groups of a page in their order."""
    numbers = count(1)

    def with_files(drawing: Drawing) -> tuple[Drawing, Files]:
        return drawing, plot_files(plot_path(board, moment, next(numbers)))

    return [
        GroupWithPlots(
            group=group,
            energy=with_files(plots.energy) if plots.energy else None,
            beside=[with_files(drawing) for drawing in plots.beside],
        )
        for group, plots in zip(board.groups, group_plots(board.groups, moment), strict=True)
    ]


def plot_path(board: Board, moment: Moment | None, number: int) -> Callable[[str], str]:
    """The path of a plot of a board's page in a form; plots are counted from 1 in the order of the page."""
    where = (board.series.slug, board.task.slug, str(number))
    return lambda form: address_at(moment, "board-plot", *where, form, **_page_of(board))


def board_sheet(board: Board, group: Group, drawing: Drawing | None, moment: Moment | None) -> Sheet:
    """A plot of a group, with the conditions under which its rows were measured."""
    head = group.head
    conditions = [
        translated(head.dataset_title) or gettext("All data sets"),
        head.hardware_title,
        str(scope_name(head.scope)),
        head.stratum,
    ]
    title = f"{translated(board.task.title)} · {board.series.title}"
    return Sheet(
        title=title if drawing is None else f"{title}: {drawing.title}",
        about=[" · ".join(filter(None, conditions))],
        drawing=drawing,
        headline=f"{head.model_title}: {value_in_words(head)}",
        dated=dated([board.series.grade], board.version_at),
        notes=sheet_notes(
            grades=[board.series.grade],
            scopes=[head.scope],
            series=board.series.title,
            version=board.version,
            at=board.version_at,
            path=address_at(moment, "board", board.series.slug, board.task.slug, **_page_of(board)),
        ),
    )


@made_of(BOARDS, CATALOG, PUBLISHED)
@honours_as_of
@require_safe
def board_plot(request: HttpRequest, series: str, task: str, number: int, form: str) -> HttpResponse:
    """One plot of a page of a board as a file."""
    board = requested_board(request, series, task, page=request.GET.get("page", 1))
    moment = moment_shown(request)
    drawings = [
        (group, drawing)
        for group, plots in zip(board.groups, group_plots(board.groups, moment), strict=True)
        for drawing in filter(None, [plots.energy, *plots.beside])
    ]
    if not 1 <= number <= len(drawings):
        raise Http404(gettext("There is no such plot on this page."))
    group, drawing = drawings[number - 1]
    return plot_answer(request, board_sheet(board, group, drawing, moment), form)


def _page_of(board: Board) -> dict[str, str]:
    return {} if board.page in (None, 1) else {"page": str(board.page)}
