"""The moderators' desk: verdicts to read, and decisions about what is quarantined."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from measurements.catalog.read_only import ReadOnlyAdmin
from measurements.contributors.models import Key
from measurements.intake.models import State
from measurements.review.models import Moderation, Result, Verdict
from measurements.review.moderation import decide, fault_of, revoke


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
    """Asks the service whether the decision is possible, before it is made."""

    def clean(self) -> dict[str, Any]:
        """Refuse a state that this submission cannot be moved to."""
        cleaned: dict[str, Any] = super().clean() or {}
        submission, state = cleaned.get("submission"), cleaned.get("state")
        if submission and state and (fault := fault_of(submission=submission, state=state)):
            raise ValidationError(fault)
        return cleaned


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    """Keys; revoking one is an action, and rejects what it has signed."""

    list_display = ("key_id", "contributor", "state", "enrolled_at")
    list_filter = ("state",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen keys and reject their results", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Key]) -> None:
        """Write through the service, which also writes the leaves."""
        assert isinstance(request.user, User)  # noqa: S101 - the permission let only users pass
        for key in queryset:
            rejected = revoke(key=key, moderator=request.user)
            self.message_user(request, f"Key {key.key_id[:12]} is revoked; {rejected} results are rejected.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to change keys."""
        return bool(request.user.has_perm("contributors.change_key"))


@admin.register(Moderation)
class ModerationAdmin(ReadOnlyAdmin):
    """Decide about a submission by adding a row; rows are never changed."""

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
