"""Addresses of files with words in them, behind their language: feeds, badges and how to search."""

from django.urls import path

from measurements.downloads import badge, feeds, opensearch
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

urlpatterns = [
    path("feeds/cells.atom", feeds.cells, name="feed-cells"),
    path("feeds/records.atom", feeds.records, name="feed-records"),
    path("feeds/decisions.atom", feeds.decisions, name="feed-decisions"),
    path("feeds/retirements.atom", feeds.retirements, name="feed-retirements"),
    path("badges/<name:series>/<name:task>.svg", badge.badge, name="badge"),
    path("opensearch.xml", opensearch.opensearch, name="opensearch"),
]
