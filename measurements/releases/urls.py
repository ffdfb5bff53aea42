"""Addresses of the downloads and of the API's own description, under /api/v1/."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from measurements.releases import api
from measurements.releases.api_results import BundleView, ResultListView
from measurements.review import urls as _review  # noqa: F401 - registers the result_id converter

urlpatterns = [
    path("boards/", api.BoardListView.as_view(), name="api-boards"),
    path("boards/<str:series>/<str:task>.csv", api.BoardCsvView.as_view(), name="api-board-csv"),
    path("boards/<str:series>/<str:task>.json", api.BoardJsonView.as_view(), name="api-board-json"),
    path("boards/<str:series>/<str:task>/", api.BoardView.as_view(), name="api-board"),
    path("comparisons/<str:task>.csv", api.ComparisonCsvView.as_view(), name="api-comparison-csv"),
    path("comparisons/<str:task>.json", api.ComparisonJsonView.as_view(), name="api-comparison-json"),
    path("comparisons/<str:task>/", api.ComparisonView.as_view(), name="api-comparison"),
    path("results/", ResultListView.as_view(), name="api-results"),
    path("results/<result_id:result_id>/bundle", BundleView.as_view(), name="api-bundle"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
