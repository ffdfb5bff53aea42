"""The moderators' desk: verdicts to read, and decisions about what is quarantined."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest

from measurements.catalog.read_only import ReadOnlyAdmin
from measurements.intake.models import State, Submission
from measurements.review.models import Moderation, Result, Verdict
from measurements.review.moderation import decide


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    """What the rules said."""

    list_display = ("submission", "state", "rules_version", "judged_at")
    list_filter = ("state", "rules_version")


@admin.register(Result)
class ResultAdmin(ReadOnlyAdmin):
    """The numbers of submissions that parsed."""

    list_display = ("submission", "model", "dataset", "grade", "energy_per_query_j", "contributor")
    list_filter = ("grade", "task")


class DecisionForm(ModelForm):  # type: ignore[type-arg]  # the base is not generic at run time
    """Only quarantined submissions can be decided."""

    def clean_submission(self) -> Submission:
        """The submission, if it waits for a moderator."""
        submission: Submission = self.cleaned_data["submission"]
        if submission.state != State.QUARANTINED:
            raise ValidationError(
                f"Only quarantined results are decided by hand; this one is {submission.state}."
            )
        return submission


@admin.register(Moderation)
class ModerationAdmin(ReadOnlyAdmin):
    """Decide about a quarantined submission by adding a row; rows are never changed."""

    form = DecisionForm
    list_display = ("submission", "state", "reason", "moderator", "decided_at")
    fields = ("submission", "state", "reason")
    raw_id_fields = ("submission",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to add a decision."""
        return bool(request.user.has_perm("review.add_moderation"))

    def save_model(self, request: HttpRequest, obj: Moderation, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Write through the service, which also writes the leaf."""
        assert isinstance(request.user, User)  # noqa: S101 - has_add_permission let only users pass
        made = decide(
            submission=obj.submission, moderator=request.user, state=State(obj.state), reason=obj.reason
        )
        obj.pk = made.pk
