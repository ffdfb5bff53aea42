"""Addresses of the downloads and of the API's own description, under /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from measurements.releases.api import BoardListView, BoardView, BundleView, ComparisonView, ResultListView
from measurements.review import urls as _review  # noqa: F401 - registers the result_id converter

board = BoardView.as_view()
comparison = ComparisonView.as_view()

urlpatterns = [
    path("boards/", BoardListView.as_view(), name="api-boards"),
    path("boards/<str:series>/<str:task>.csv", board, {"format": "csv"}, name="api-board-csv"),
    path("boards/<str:series>/<str:task>.json", board, {"format": "json"}, name="api-board-json"),
    path("boards/<str:series>/<str:task>/", board, name="api-board"),
    path("comparisons/<str:task>.csv", comparison, {"format": "csv"}, name="api-comparison-csv"),
    path("comparisons/<str:task>.json", comparison, {"format": "json"}, name="api-comparison-json"),
    path("comparisons/<str:task>/", comparison, name="api-comparison"),
    path("results/", ResultListView.as_view(), name="api-results"),
    path("results/<result_id:result_id>/bundle", BundleView.as_view(), name="api-bundle"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
