"""Addresses of the pages."""

from django.urls import path

from measurements.boards import pages
from measurements.review import urls as _review  # noqa: F401 - registers the result_id converter

urlpatterns = [
    path("", pages.home, name="home"),
    path("boards/", pages.board_list, name="boards"),
    path("boards/<str:series>/<str:task>/", pages.board, name="board"),
    path("compare/", pages.compare_list, name="comparisons"),
    path("compare/<str:task>/", pages.compare, name="comparison"),
    path("results/", pages.result_list, name="results"),
    path("results/<result_id:result_id>/", pages.result, name="result"),
    path("about/", pages.about, name="about"),
]
