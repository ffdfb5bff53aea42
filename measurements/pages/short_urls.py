"""Addresses without a language that lead to pages, each reader to theirs."""

from django.urls import path
from django.views.generic import RedirectView

from measurements.pages import result
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

urlpatterns = [
    path("api/", RedirectView.as_view(pattern_name="api-reference", permanent=True)),
    path("r/<short_result_id:short_id>", result.short_result, name="short-result"),
]
