"""The moderators' view of the door: read-only, since bytes as received are never edited."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from measurements.intake.models import RefusalCount, Submission, Ticket
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(Submission)
class SubmissionAdmin(ReadOnlyAdmin):
    """Submissions, without their bytes."""

    list_display = ("result_id", "state", "key", "received_at")
    list_filter = ("state",)
    search_fields = ("result_id", "key__contributor__pseudonym")
    exclude = ("bundle", "receipt")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        """Leave the bytes in the database."""
        return Submission.objects.without_bytes().select_related("key")


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    """Runs that were announced; one without a submission was never reported."""

    list_display = ("id", "key", "job", "issued_at", "expires_at")


@admin.register(RefusalCount)
class RefusalCountAdmin(ReadOnlyAdmin):
    """What was refused, by day and code."""

    list_display = ("day", "code", "count")
    list_filter = ("code",)
