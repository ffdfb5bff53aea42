"""The moderators' queue: what waits, with the evidence side by side and a way to decide."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from measurements.catalog.models import HardwareClass
from measurements.review.cell_key import CellKey
from measurements.review.models import Result, Waiting
from measurements.web.read_only_admin import ReadOnlyAdmin

NOTHING = "\u2013"


@admin.register(Waiting)
class WaitingAdmin(ReadOnlyAdmin):
    """Quarantined results and open appeals, the oldest first."""

    list_display = ("public_page", "job", "machine", "says", "others", "findings", "sender", "age", "decide")
    list_display_links = None
    list_per_page = 50
    ordering = ("received_at",)
    search_fields = ("result_id", "key__contributor__pseudonym")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Waiting]:
        """What waits, with what the columns show."""
        return Waiting.queue.for_moderators().prefetch_related("verdicts")

    @admin.display(description="Result")
    def public_page(self, row: Waiting) -> SafeString:
        """The page with all of its evidence."""
        return format_html('<a href="{}">{}</a>', row.get_absolute_url(), row.pk[:12])

    @admin.display(description="Job")
    def job(self, row: Waiting) -> str:
        """The job that was measured: task, data set and model."""
        result = _result(row)
        return f"{result.task.slug}/{result.dataset.slug}/{result.model.slug}" if result else NOTHING

    @admin.display(description="Device")
    def machine(self, row: Waiting) -> str:
        """The hardware class and the scope."""
        result = _result(row)
        return f"{_hardware(result.hardware_class)}, {result.scope}" if result else NOTHING

    @admin.display(description="J per query")
    def says(self, row: Waiting) -> str:
        """The stated energy, in joules per query."""
        result = _result(row)
        return f"{result.energy_per_query_j:.4g}" if result else NOTHING

    @admin.display(description="Beside others")
    def others(self, row: Waiting) -> str:
        """How what it states lies to what others state of the same cell, when any do."""
        result = _result(row)
        if result is None:
            return NOTHING
        values = sorted(
            Result.objects.eligible()
            .of_cell(CellKey.of(result))
            .exclude(contributor=result.contributor_id)
            .values_list("energy_per_query_j", flat=True)
        )
        if not values:
            return "nobody else yet"
        middle = values[len(values) // 2]
        return f"{middle:.4g} ({len(values)} results), {result.energy_per_query_j / middle - 1:+.1%}"

    @admin.display(description="Findings")
    def findings(self, row: Waiting) -> SafeString:
        """The sentences of the verdict that stands."""
        verdicts = list(row.verdicts.all())
        findings = verdicts[-1].findings if verdicts else []
        return format_html_join(
            "", "<div><b>{}</b> {}</div>", ((finding["code"], finding["sentence"]) for finding in findings)
        )

    @admin.display(description="Contributor")
    def sender(self, row: Waiting) -> str:
        """Who, and what they have earned."""
        contributor = row.key.contributor
        standing = getattr(contributor, "standing", None)
        if standing is None:
            return f"{contributor.pseudonym}: nothing to compare yet"
        return f"{contributor.pseudonym}: {standing.in_a_row} in a row, {standing.disagreed} off"

    @admin.display(description="Waits")
    def age(self, row: Waiting) -> str:
        """For how long, and until when an appeal is to be answered."""
        waited: timedelta = timezone.now() - row.received_at
        by = getattr(row, "appeal_by", None)
        return f"{waited.days} d" + (f", appeal until {by:%Y-%m-%d}" if by else "")

    @admin.display(description="Decide")
    def decide(self, row: Waiting) -> SafeString:
        """To the form, filled in; a rejection that somebody proposed says so."""
        form = reverse("admin:review_moderation_add")
        proposed = hasattr(row, "proposal")
        return format_html(
            '<a href="{0}?submission={1}&amp;state=accepted">accept</a> '
            '<a href="{0}?submission={1}&amp;state=rejected">{2}</a>',
            form,
            row.pk,
            "reject (second)" if proposed else "reject",
        )


def _result(row: Waiting) -> Result | None:
    return getattr(row, "result", None)


def _hardware(hardware: HardwareClass) -> str:
    """Its name; while that is one contributor's word, the code and the words in quotation marks."""
    words = f' "{hardware.reported_name}" (words of {hardware.reported_by})' if hardware.reported_name else ""
    return f"{hardware.public_title}{words}"
