"""The catalogue in the admin: to look at, because its rows come from suites and published series.

Hardware classes are on review's page, where their names can be confirmed.
"""

from __future__ import annotations

from django.contrib import admin

from measurements.catalog.models import AiModel, DataSet, Job, Suite, Task
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(Suite)
class SuiteAdmin(ReadOnlyAdmin):
    """Suites and their digests."""

    list_display = ("name", "version", "title", "digest")


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """Tasks in the order of the boards."""

    list_display = ("slug", "title", "modality", "position", "known_from")


@admin.register(DataSet)
class DataSetAdmin(ReadOnlyAdmin):
    """Read-only list of data sets."""

    list_display = ("slug", "task", "title", "licence", "known_from")
    list_filter = ("task",)
    list_select_related = ("task",)


@admin.register(AiModel)
class AiModelAdmin(ReadOnlyAdmin):
    """Read-only list of models."""

    list_display = ("slug", "title", "kind", "parameters", "licence", "known_from")
    list_filter = ("kind", "known_from")
    search_fields = ("slug", "title")


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What tickets are given for."""

    list_display = ("suite", "dataset", "model")
    list_filter = ("suite", "dataset__task")
    list_select_related = ("suite", "dataset", "model")
