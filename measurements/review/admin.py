"""The moderators' desk: verdicts to read, and decisions about what is quarantined."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from measurements.catalog.models import HardwareClass, NameState
from measurements.contributors.models import Key
from measurements.intake.models import State
from measurements.review import queue_admin  # noqa: F401 - registers the queue
from measurements.review.hardware_names import decide_name
from measurements.review.models import (
    Appeal,
    Moderation,
    NameDecision,
    Proposal,
    Result,
    Transition,
    Verdict,
    Withdrawal,
)
from measurements.review.moderation import decide, fault_of, revoke
from measurements.web.read_only_admin import ReadOnlyAdmin


@admin.register(Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    """Read-only list of verdicts."""

    list_display = ("submission", "state", "rules_version", "judged_at")
    list_filter = ("state", "rules_version")


@admin.register(Result)
class ResultAdmin(ReadOnlyAdmin):
    """The numbers of submissions that parsed."""

    list_display = ("submission", "model", "dataset", "grade", "energy_per_query_j", "contributor")
    list_filter = ("grade", "task")


class DecisionForm(ModelForm):  # type: ignore[type-arg]  # the base is not generic at run time
    """Checks with the service whether the decision is possible. `moderator` is the user who fills it in."""

    moderator: User

    def clean(self) -> dict[str, Any]:
        """Refuse a state that this submission cannot be moved to."""
        cleaned: dict[str, Any] = super().clean() or {}
        submission, state = cleaned.get("submission"), cleaned.get("state")
        if submission and state:
            fault = fault_of(submission=submission, moderator=self.moderator, state=state)
            if fault:
                raise ValidationError(fault)
        return cleaned


@admin.register(Key)
class KeyAdmin(ReadOnlyAdmin):
    """Keys; revoking one is an action, after which nothing that it ever signed is trusted."""

    list_display = ("key_id", "contributor", "state", "enrolled_at")
    list_filter = ("state",)
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen keys and judge their results again", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Key]) -> None:
        """Write through the service, which also writes the leaves."""
        assert isinstance(request.user, User)  # noqa: S101 - the permission let only users pass
        for key in queryset:
            again = revoke(key=key, moderator=request.user)
            self.message_user(request, f"Key {key.key_id[:12]} is revoked; {again} results are judged again.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to change keys."""
        return bool(request.user.has_perm("contributors.change_key"))


@admin.register(HardwareClass)
class HardwareClassAdmin(ReadOnlyAdmin):
    """Hardware classes; whether a contributor's name for one may stand as a title is decided here."""

    list_display = ("code", "kind", "title", "reported_by", "name_state")
    list_filter = ("name_state", "kind")
    search_fields = ("code", "slug", "title")
    actions = ("confirm_name", "refuse_name")

    @admin.action(description="Confirm the names: show them as titles", permissions=["decide_name"])
    def confirm_name(self, request: HttpRequest, queryset: QuerySet[HardwareClass]) -> None:
        """Write through the service, which also writes the leaves."""
        self._decide(request, queryset, NameState.CONFIRMED)

    @admin.action(description="Refuse the names: show codes alone", permissions=["decide_name"])
    def refuse_name(self, request: HttpRequest, queryset: QuerySet[HardwareClass]) -> None:
        """Write through the service, which also writes the leaves."""
        self._decide(request, queryset, NameState.REFUSED)

    def _decide(self, request: HttpRequest, queryset: QuerySet[HardwareClass], state: NameState) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - the permission let only users pass
        for hardware in queryset:
            try:
                decide_name(hardware=hardware, moderator=request.user, state=state)
            except ValidationError as error:
                self.message_user(request, " ".join(error.messages), level=messages.WARNING)
            else:
                self.message_user(request, f"The name of {hardware.code} is {state.label}.")

    def has_decide_name_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to change hardware classes."""
        return bool(request.user.has_perm("catalog.change_hardwareclass"))


@admin.register(NameDecision)
class NameDecisionAdmin(ReadOnlyAdmin):
    """What moderators decided about names of hardware."""

    list_display = ("hardware_class", "state", "moderator", "decided_at")


@admin.register(Transition)
class TransitionAdmin(ReadOnlyAdmin):
    """Every move of every submission."""

    list_display = ("submission", "before", "after", "cause", "moved_at")
    list_filter = ("cause", "after")


@admin.register(Appeal)
class AppealAdmin(ReadOnlyAdmin):
    """Appeals against verdicts, the earliest deadline first."""

    list_display = ("submission", "words", "filed_at", "decide_by", "decision")
    list_filter = (("decision", admin.EmptyFieldListFilter),)
    ordering = ("decide_by",)


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    """Rejections that wait for a second moderator."""

    list_display = ("submission", "reason", "moderator", "proposed_at")


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    """What contributors have taken back."""

    list_display = ("submission", "reason", "withdrawn_at")


@admin.register(Moderation)
class ModerationAdmin(ReadOnlyAdmin):
    """Decide about a submission by adding a row; rows are never changed."""

    form = DecisionForm
    list_display = ("submission", "state", "reason", "proposed_by", "moderator", "decided_at")
    fields = ("submission", "state", "reason")
    raw_id_fields = ("submission",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to add a decision."""
        return bool(request.user.has_perm("review.add_moderation"))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[DecisionForm]:
        """The form class, with the moderator who decides."""
        form = cast("type[DecisionForm]", super().get_form(request, *args, **kwargs))
        assert isinstance(request.user, User)  # noqa: S101 - has_add_permission let only users pass
        form.moderator = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Moderation, form: DecisionForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Write through the service, which also writes the leaf; a first rejection is a proposal."""
        decision = decide(
            submission=obj.submission, moderator=form.moderator, state=State(obj.state), reason=obj.reason
        )
        if isinstance(decision, Moderation):
            obj.pk = decision.pk

    def log_addition(self, request: HttpRequest, obj: Moderation, message: Any) -> Any:
        """Django's own log has a line for a decision; a proposal is a row of its own."""
        return super().log_addition(request, obj, message) if obj.pk else None

    def response_add(
        self, request: HttpRequest, obj: Moderation, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show a message about the proposal, and return to the list."""
        if obj.pk:
            return super().response_add(request, obj, post_url_continue)
        self.message_user(request, "Proposed: a second moderator must reject it too.")
        return HttpResponseRedirect(reverse("admin:review_proposal_changelist"))
