"""Addresses of the pages about releases, behind their language."""

from django.urls import path

from measurements.releases import pages

urlpatterns = [path("data/", pages.data, name="data")]
