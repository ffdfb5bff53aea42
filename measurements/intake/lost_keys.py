"""Keys that a restore lost or forgot the end of: their entries hold everything but the name that was shown."""

from __future__ import annotations

from datetime import datetime

from measurements.contributors.models import Contributor, Key, KeyState
from measurements.ledger.gap_rows import register_restorer
from measurements.ledger.models import Leaf, LeafKind


def restore_enrolment(leaf: Leaf) -> bool:
    """The key, under its contributor's pseudonym."""
    facts = leaf.entry().facts
    contributor, _created = Contributor.objects.get_or_create(pseudonym=str(facts["contributor"]))
    key, _created = Key.objects.get_or_create(
        key_id=leaf.subject, defaults={"public_key": str(facts["public_key"]), "contributor": contributor}
    )
    return bool(key.contributor_id == contributor.pk)


def restore_rotation(leaf: Leaf) -> bool:
    """The key gave way to another, whose own entry comes before this one."""
    facts = leaf.entry().facts
    successor = Key.objects.filter(key_id=str(facts["to"])).first()
    if successor is None:
        return False
    return _end(leaf, KeyState.ROTATED, replaced_by=successor)


def restore_revocation(leaf: Leaf) -> bool:
    """The key was revoked: what restores forget, a thief may not use."""
    untrusted_since = datetime.fromisoformat(str(leaf.entry().facts["untrusted_since"]))
    return _end(leaf, KeyState.REVOKED, untrusted_since=untrusted_since)


def _end(leaf: Leaf, state: KeyState, **fields: Key | datetime) -> bool:
    at = datetime.fromisoformat(str(leaf.entry().facts["at"]))
    return bool(Key.objects.filter(key_id=leaf.subject).update(state=state, ended_at=at, **fields))


def register_restorers() -> None:
    """Register what can be restored of keys."""
    register_restorer(LeafKind.KEY_ENROLLED, restore_enrolment)
    register_restorer(LeafKind.KEY_ROTATED, restore_rotation)
    register_restorer(LeafKind.KEY_REVOKED, restore_revocation)
