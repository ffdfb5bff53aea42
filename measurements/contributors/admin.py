"""Contributors for moderators: names and devices to read. Keys are on review's page, where they can be revoked."""

from __future__ import annotations

from django.contrib import admin

from measurements.catalog.read_only import ReadOnlyAdmin
from measurements.contributors.models import Contributor, Device


@admin.register(Contributor)
class ContributorAdmin(ReadOnlyAdmin):
    """Pseudonyms and the names they chose to show."""

    list_display = ("pseudonym", "display_name", "created_at")
    search_fields = ("pseudonym", "display_name")


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Devices by tag."""

    list_display = ("tag", "contributor", "hardware_class", "first_seen_at")
