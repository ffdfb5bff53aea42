"""The moderators' desk: decisions and revocations, and nothing else that could be changed by hand."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from msgspec.structs import replace

from joulemark.record.codec import encode
from joulemark_simulation import records
from measurements.contributors.models import Contributor, Key
from measurements.intake.models import State, Submission
from measurements.ledger.models import Leaf
from measurements.review import services
from measurements.review.models import Moderation
from tests.client_response import Post

pytestmark = pytest.mark.django_db

DECIDE = "/admin/review/moderation/add/"


@pytest.fixture
def quarantined(enrolled: Post) -> Submission:
    """A result that waits for a moderator."""
    bundle = records.bundle(change=lambda said: replace(said, flags=("foreign-process",)))
    assert enrolled("results", bundle.to_bytes()).status_code == 202
    services.judge_waiting(result_ids=[bundle.digest()])
    return Submission.objects.get(state=State.QUARANTINED)


def staff(*permissions: str) -> Client:
    """A logged-in member of staff who may do what is named."""
    user = User.objects.create_user("moderator", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_a_moderator_decides_with_a_reason(quarantined: Submission) -> None:
    client = staff("add_moderation", "view_moderation")
    form = {"submission": quarantined.pk, "state": "accepted", "reason": "evidence-holds"}
    assert client.post(DECIDE, form).status_code == 302
    decision = Moderation.objects.get()
    assert (decision.moderator.username, decision.reason) == ("moderator", "evidence-holds")
    quarantined.refresh_from_db()
    assert quarantined.state == State.ACCEPTED
    again = client.post(DECIDE, form)
    assert "cannot be made accepted by hand" in again.content.decode()
    assert Moderation.objects.count() == 1


def test_staff_without_the_permission_decides_nothing(quarantined: Submission) -> None:
    form = {"submission": quarantined.pk, "state": "accepted", "reason": "evidence-holds"}
    assert staff("view_moderation").post(DECIDE, form).status_code == 403
    assert not Moderation.objects.exists()


def test_a_key_is_revoked_by_an_action(enrolled: Post) -> None:
    key = Key.objects.get()
    form = {"action": "revoke", "_selected_action": [key.pk]}
    staff("view_key", "change_key").post("/admin/contributors/key/", form)
    key.refresh_from_db()
    assert key.state == "revoked"
    assert Leaf.objects.filter(kind="key-revoked", subject=key.pk).count() == 1


def test_a_name_is_removed_for_somebody_who_lost_the_key(enrolled: Post, quarantined: Submission) -> None:
    key = records.signing_key(2)
    enrolled("enrolments", encode(records.enrolment(key=key, name="Zaphod B.")))
    named = Contributor.objects.get(display_name="Zaphod B.")
    form = {"action": "erase_name", "_selected_action": [named.pk]}
    address = "/admin/contributors/contributor/"
    staff("view_contributor").post(address, form)
    named.refresh_from_db()
    assert named.display_name == "Zaphod B.", "looking is not erasing"
    User.objects.all().delete()
    staff("view_contributor", "change_contributor").post(address, form)
    named.refresh_from_db()
    assert named.display_name is None


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    answer = client.get(DECIDE)
    assert (answer.status_code, answer["Location"]) == (302, f"/admin/login/?next={DECIDE}")


def test_no_page_of_ours_can_change_or_delete_a_row(admin_user: User, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = admin_user
    ours = [
        page for model, page in admin.site._registry.items() if model.__module__.startswith("measurements.")
    ]
    assert len(ours) >= 12
    for page in ours:
        assert not page.has_delete_permission(request), page
        assert not page.has_change_permission(request), page


def test_the_queue_shows_the_evidence_side_by_side(
    quarantined: Submission, admin_client: Client, enrolled: Post
) -> None:
    for number in (2, 3):
        key = records.signing_key(number)
        enrolled("enrolments", encode(records.enrolment(key=key)))
        bundle = records.bundle(key=key, of=records.trace(queries=15, salt=number, busy=1.0))
        enrolled("results", bundle.to_bytes())
        services.judge_waiting(result_ids=[bundle.digest()])
    page = admin_client.get("/admin/review/waiting/").content.decode()
    for needed in (quarantined.pk[:12], "JM-DIRTY", "(2 results), +50", "foreign-process", "reject"):
        assert needed in page, needed
    assert page.count("/results/") == 1, "what was accepted does not wait"
    form = admin_client.get(f"{DECIDE}?submission={quarantined.pk}&state=rejected")
    assert form.status_code == 200


def test_a_rejection_is_proposed_and_then_confirmed(quarantined: Submission) -> None:
    form = {"submission": quarantined.pk, "state": "rejected", "reason": "evidence-fails"}
    answer = staff("add_moderation", "view_moderation", "view_proposal").post(DECIDE, form, follow=True)
    assert "a second moderator must reject it too" in answer.content.decode()
    quarantined.refresh_from_db()
    assert (quarantined.state, Moderation.objects.count()) == (State.QUARANTINED, 0)
    second = User.objects.create_user("second", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(second)
    assert client.post(DECIDE, form).status_code == 302
    quarantined.refresh_from_db()
    proposer = Moderation.objects.get().proposed_by
    assert proposer is not None
    assert (quarantined.state, proposer.username) == (State.REJECTED, "moderator")


def test_every_list_opens(quarantined: Submission, admin_client: Client) -> None:
    for model in admin.site._registry:
        if model.__module__.startswith("measurements."):
            address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            assert admin_client.get(address).status_code == 200, address
    assert admin_client.get(f"/admin/intake/submission/{quarantined.pk}/change/").status_code == 200
