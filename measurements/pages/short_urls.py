"""Addresses without a language that lead to pages, each reader to theirs."""

from django.urls import path

from measurements.pages import result
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

urlpatterns = [
    path("r/<short_result_id:short_id>", result.short_result, name="short-result"),
]
