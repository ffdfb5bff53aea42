"""Cells and published figures in the admin: to look at, because all of it is derived."""

from __future__ import annotations

from django.contrib import admin

from measurements.boards.models import Cell, PublishedFigure
from measurements.catalog.read_only import ReadOnlyAdmin


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


@admin.register(PublishedFigure)
class PublishedFigureAdmin(ReadOnlyAdmin):
    """Figures of published studies."""

    list_display = ("model", "task", "dataset", "energy_kwh_per_1000", "n_runs", "scope", "source")
    list_filter = ("study", "task")
    list_select_related = ("model", "task", "dataset")
    search_fields = ("model__slug",)
