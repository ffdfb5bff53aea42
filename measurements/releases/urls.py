"""Addresses of the API of releases, under /api/v1/."""

from django.urls import path

from measurements.releases.api import ReleaseListView

urlpatterns = [path("releases/", ReleaseListView.as_view(), name="api-releases")]
