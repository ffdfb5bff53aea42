"""Cells and views in the admin: to look at, because all of it is derived."""

from __future__ import annotations

from django.contrib import admin

from measurements.boards.job_models import JobViews
from measurements.boards.models import Cell, ComparedPart, SizeFactor
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(Cell)
class CellAdmin(ReadOnlyAdmin):
    """Values combined from results."""

    list_display = (
        "model",
        "dataset",
        "hardware_class",
        "grade",
        "scope",
        "energy_per_query_j",
        "n_devices",
        "label",
    )
    list_filter = ("suite", "grade", "label", "dataset__task")
    list_select_related = ("model", "dataset", "hardware_class")
    search_fields = ("model__slug", "dataset__slug")


@admin.register(ComparedPart)
class ComparedPartAdmin(ReadOnlyAdmin):
    """What is derived of cells that may be compared directly."""

    list_display = (
        "dataset",
        "hardware_class",
        "grade",
        "scope",
        "version",
        "n_cells",
        "n_values",
        "is_missing",
    )
    list_filter = ("suite", "grade", "is_missing", "dataset__task")
    list_select_related = ("dataset", "hardware_class")


@admin.register(SizeFactor)
class SizeFactorAdmin(ReadOnlyAdmin):
    """The factor at equal size of each suite version and grade."""

    list_display = ("suite", "grade", "version", "computed_at", "is_missing")


@admin.register(JobViews)
class JobViewsAdmin(ReadOnlyAdmin):
    """How often jobs were looked at."""

    list_display = ("day", "task", "dataset", "model", "views")
    date_hierarchy = "day"
