"""Whether the name of a hardware class may stand as a title: a second contributor or a moderator says so.

A name that only one contributor has used is shown as that contributor's words. Nothing here needs to be decided for a
GPU that the rules know, or for a name out of a suite, a study or a publication.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from measurements.catalog.models import HardwareClass, NameState
from measurements.ledger.facts import RowFacts
from measurements.ledger.models import LeafKind
from measurements.ledger.services import append_leaf
from measurements.review.models import NameDecision, Result

CONTRIBUTORS_WANTED = 2
"""So many, each with an accepted result of a device of its own, confirm a name."""

ADDRESS = re.compile(r"://|\bwww\.|\w@\w|[^\W\d_][\w-]*\.[a-z]{2,}", re.IGNORECASE)
"""What reads like an address of the web or of mail: such a name is for a moderator alone to confirm."""


def confirm_reported_names(classes: Iterable[HardwareClass]) -> None:
    """Confirm those names that enough independent contributors use. Costs no query where all are confirmed."""
    reported = {row.pk: row for row in classes if row.name_state == NameState.REPORTED}
    for row in reported.values():
        if not ADDRESS.search(row.title) and _is_used_independently(row):
            HardwareClass.objects.filter(pk=row.pk, name_state=NameState.REPORTED).update(
                name_state=NameState.CONFIRMED
            )
            row.name_state = NameState.CONFIRMED


def _is_used_independently(row: HardwareClass) -> bool:
    users = Result.objects.eligible().filter(hardware_class=row).order_by()
    pairs = set(users.values_list("contributor_id", "device__tag").distinct())
    contributors, tags = {who for who, _ in pairs}, {tag for _, tag in pairs}
    return min(len(contributors), len(tags)) >= CONTRIBUTORS_WANTED


@transaction.atomic
def decide_name(*, hardware: HardwareClass, moderator: User, state: NameState) -> NameDecision:
    """Confirm or refuse a name, with a leaf. Raises ValidationError when it stands so already."""
    locked = HardwareClass.objects.select_for_update().get(pk=hardware.pk)
    if locked.name_state == state or state == NameState.REPORTED:
        raise ValidationError(f"The name of {locked.code} is {locked.get_name_state_display()} already.")
    decision = NameDecision(
        hardware_class=locked, moderator=moderator, state=state, decided_at=timezone.now()
    )
    decision.leaf = append_leaf(
        kind=LeafKind.NAME_DECISION, subject=locked.code, facts=name_decision_facts(decision)
    )
    decision.save()
    locked.name_state = state
    locked.save(update_fields=["name_state"])
    return decision


def name_decision_facts(decision: NameDecision) -> RowFacts:
    """What the log keeps of a decision about a name: a digest of the name, not its words."""
    return {
        "name_sha256": hashlib.sha256(decision.hardware_class.title.encode()).hexdigest(),
        "state": str(decision.state),
        "moderators": [f"m{decision.moderator_id}"],
        "at": decision.decided_at,
    }
