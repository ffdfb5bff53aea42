"""Addresses of the files of releases; they have no language."""

from django.urls import path

from measurements.releases import files
from measurements.web import addresses as _addresses  # noqa: F401 - registers the converters

urlpatterns = [
    path("releases.json", files.release_list, name="releases-json"),
    path("<release_path:release_path>", files.release_file, name="release-file"),
]
