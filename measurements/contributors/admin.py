"""Contributors for moderators: names and devices to read, keys to revoke."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from measurements.catalog.read_only import ReadOnlyAdmin
from measurements.contributors.models import Contributor, Device, Key
from measurements.contributors.services import revoke_key


@admin.register(Contributor)
class ContributorAdmin(ReadOnlyAdmin):
    """Pseudonyms and the names they chose to show."""

    list_display = ("pseudonym", "display_name", "created_at")
    search_fields = ("pseudonym", "display_name")


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    """Keys; revoking is an action."""

    list_display = ("key_id", "contributor", "state", "enrolled_at")
    list_filter = ("state",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Key]) -> None:
        """From now on nothing that these keys sign is taken."""
        for key in queryset:
            revoke_key(key=key)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to change keys."""
        return bool(request.user.has_perm("contributors.change_key"))


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Devices by tag."""

    list_display = ("tag", "contributor", "hardware_class", "first_seen_at")
