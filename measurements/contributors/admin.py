"""Contributors for moderators: names and devices to read. Keys are on review's page, where they can be revoked."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from measurements.contributors.models import Contributor, Device
from measurements.contributors.services import rename
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(Contributor)
class ContributorAdmin(ReadOnlyAdmin):
    """Pseudonyms and the names they chose to show."""

    list_display = ("pseudonym", "display_name", "created_at")
    search_fields = ("pseudonym", "display_name")
    actions = ("erase_name",)

    @admin.action(description="Remove the display names of the chosen contributors", permissions=["erase"])
    def erase_name(self, request: HttpRequest, queryset: QuerySet[Contributor]) -> None:
        """For somebody whose key is lost; who has it enrols again without a name."""
        for contributor in queryset:
            rename(contributor=contributor, display_name=None)
        self.message_user(request, f"{len(queryset)} names are removed; results stay under their pseudonyms.")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to change contributors."""
        return bool(request.user.has_perm("contributors.change_contributor"))


@admin.register(Device)
class DeviceAdmin(ReadOnlyAdmin):
    """Read-only list of devices by their tags."""

    list_display = ("tag", "contributor", "hardware_class", "first_seen_at")
