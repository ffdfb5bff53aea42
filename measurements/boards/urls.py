"""Addresses of the pages."""

from django.urls import path
from django.views.generic import RedirectView

from measurements.boards import pages
from measurements.boards.impact_values import find_value
from measurements.impact import pages as impact_pages
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

urlpatterns = [
    path("", pages.home, name="home"),
    path("boards/", pages.board_list, name="boards"),
    path("boards/<name:series>/", pages.boards_of_series),
    path("boards/<name:series>/<name:task>/", pages.board, name="board"),
    path("boards/<name:series>/<name:task>/cell/", pages.cell, name="cell"),
    path("published/", RedirectView.as_view(pattern_name="boards")),
    path("published/<name:series>/", pages.published, name="published"),
    path("compare/", pages.compare_list, name="comparisons"),
    path("compare/<name:task>/", pages.compare, name="comparison"),
    path("claims/", impact_pages.claims, name="claims"),
    path("impact/", impact_pages.impact, {"find_value": find_value}, name="impact"),
    path("needed/", pages.needed, name="needed"),
    path("results/", pages.result_list, name="results"),
    path("results/<result_id:result_id>/", pages.result, name="result"),
    path("r/<short_result_id:short_id>", pages.short_result, name="short-result"),
    path("decisions/", pages.decisions, name="decisions"),
    path("about/", pages.about, name="about"),
]
