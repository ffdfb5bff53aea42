"""Addresses of the files of releases; they have no language."""

from django.urls import path

from measurements.releases import files

urlpatterns = [
    path("releases.json", files.release_list, name="releases-json"),
    path("<path:release_path>", files.release_file, name="release-file"),
]
