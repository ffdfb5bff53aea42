"""Published series in the admin: to look at, because they are imported whole."""

from __future__ import annotations

from django.contrib import admin

from measurements.published.models import PublishedFigure, PublishedSeries
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(PublishedSeries)
class PublishedSeriesAdmin(ReadOnlyAdmin):
    """What publishers have published."""

    list_display = ("slug", "title", "scope", "licence", "revision", "imported_at")


@admin.register(PublishedFigure)
class PublishedFigureAdmin(ReadOnlyAdmin):
    """Figures of published series."""

    list_display = ("model", "task", "dataset", "stratum", "energy_kwh_per_1000", "n_runs", "source")
    list_filter = ("series", "task")
    list_select_related = ("model", "task", "dataset")
    search_fields = ("model__slug",)
