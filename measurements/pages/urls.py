"""Addresses of the pages, behind their language."""

from django.urls import path
from django.views.generic import RedirectView

from measurements.answer_cache.sources import made_of
from measurements.boards.impact_values import find_value
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.impact import pages as impact
from measurements.pages import (
    about,
    board,
    board_list,
    cell,
    changes,
    compare,
    compare_list,
    decision_list,
    embed,
    home,
    needed,
    published_series,
    result,
    result_list,
    task,
)
from measurements.published.sources import PUBLISHED
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

impact_of_boards = made_of(BOARDS, CATALOG, PUBLISHED)(impact.impact)
"""The calculator looks a board's value up by what it is handed here, and so is made of boards."""

urlpatterns = [
    path("", home.home, name="home"),
    path("boards/", board_list.board_list, name="boards"),
    path("boards/<name:series>/", board_list.boards_of_series),
    path("boards/<name:series>/<name:task>/", board.board, name="board"),
    path("boards/<name:series>/<name:task>/cell/", cell.cell, name="cell"),
    path("published/", RedirectView.as_view(pattern_name="boards")),
    path("published/<name:series>/", published_series.published, name="published"),
    path("tasks/<name:task>/", task.task, name="task"),
    path("tasks/<name:task>.svg", task.task_svg, name="task-svg"),
    path("tasks/<name:task>.png", task.task_png, name="task-png"),
    path("changes/<name:series>/<name:task>/", changes.changes, name="changes"),
    path("embed/boards/<name:series>/<name:task>/", embed.embed_board, name="embed-board"),
    path("embed/boards/<name:series>/<name:task>/cell/", embed.embed_cell, name="embed-cell"),
    path("compare/", compare_list.compare_list, name="comparisons"),
    path("compare/<name:task>/", compare.compare, name="comparison"),
    path("claims/", impact.claims, name="claims"),
    path("impact/", impact_of_boards, {"find_value": find_value}, name="impact"),
    path("needed/", needed.needed, name="needed"),
    path("results/", result_list.result_list, name="results"),
    path("results/<result_id:result_id>/", result.result, name="result"),
    path("decisions/", decision_list.decision_list, name="decisions"),
    path("about/", about.about, name="about"),
]
