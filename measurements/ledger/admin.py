"""The log for moderators: to read only; the database refuses anything else."""

from __future__ import annotations

from django.contrib import admin

from measurements.ledger.models import Leaf
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(Leaf)
class LeafAdmin(ReadOnlyAdmin):
    """Read-only list of the log's leaves, in their order."""

    list_display = ("id", "index", "kind", "subject", "logged_at")
    list_filter = ("kind",)
    search_fields = ("subject",)
