"""The log for moderators: to read only; the database refuses anything else."""

from __future__ import annotations

from django.contrib import admin

from measurements.catalog.read_only import ReadOnlyAdmin
from measurements.ledger.models import Leaf


@admin.register(Leaf)
class LeafAdmin(ReadOnlyAdmin):
    """Leaves in order."""

    list_display = ("id", "index", "kind", "subject", "logged_at")
    list_filter = ("kind",)
    search_fields = ("subject",)
