"""Writes of contributors: a key becomes known, a device is seen."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from joulemark.record.display_name import name_key
from measurements.catalog.models import HardwareClass
from measurements.contributors.models import Contributor, Device, Key, KeyState, NameWord
from measurements.contributors.name_words import name_words


@transaction.atomic
def add_key(*, key_id: str, public_key: str, display_name: str | None) -> Key:
    """A new contributor with its first key. Raises IntegrityError when the key or a name that looks so is known."""
    contributor = Contributor.objects.create(
        pseudonym=f"v-{key_id[:12]}", display_name=display_name, name_key=_key_of(display_name)
    )
    _index_name(contributor)
    return Key.objects.create(key_id=key_id, public_key=public_key, contributor=contributor)


@transaction.atomic
def rename(*, contributor: Contributor, display_name: str | None) -> Contributor:
    """Change or remove the name that is shown. Raises IntegrityError when another's looks like it."""
    contributor.display_name, contributor.name_key = display_name, _key_of(display_name)
    contributor.save(update_fields=["display_name", "name_key"])
    contributor.name_words.all().delete()
    _index_name(contributor)
    return contributor


def _index_name(contributor: Contributor) -> None:
    """Store the words by which the search finds a name; there are none where only the pseudonym is shown."""
    if contributor.shown_name != contributor.pseudonym:
        NameWord.objects.bulk_create(
            NameWord(contributor=contributor, word=word) for word in name_words(contributor.shown_name)
        )


def is_name_of_another(display_name: str, *, contributor: Contributor | None) -> bool:
    """Whether somebody else than `contributor` is called so, or so that an eye cannot tell the two apart."""
    others = Contributor.objects.filter(name_key=name_key(display_name))
    return (others.exclude(pk=contributor.pk) if contributor else others).exists()


def _key_of(display_name: str | None) -> str | None:
    return None if display_name is None else name_key(display_name)


def rotate_key(*, old: Key, new_id: str, new_public_key: str, at: datetime) -> Key:
    """The contributor's new key; the old one signs nothing new. Raises IntegrityError when the new one is known."""
    new = Key.objects.create(key_id=new_id, public_key=new_public_key, contributor=old.contributor)
    old.state, old.ended_at, old.replaced_by = KeyState.ROTATED, at, new
    old.save(update_fields=["state", "ended_at", "replaced_by"])
    return new


def revoke_key(*, key: Key, at: datetime, since: datetime | None = None) -> Key:
    """Revoke a key: nothing it signs is accepted any more, and what it sent at or after `since` is not trusted.

    Without `since` that is nothing that came before. A key that is revoked already is at most trusted less.
    """
    untrusted = at if since is None else min(since, at)
    key.untrusted_since = min(untrusted, key.untrusted_since or untrusted)
    if key.state != KeyState.REVOKED:
        key.state, key.ended_at = KeyState.REVOKED, at
    key.save(update_fields=["state", "ended_at", "untrusted_since"])
    return key


def note_device(*, contributor: Contributor, tag: str, hardware_class: HardwareClass) -> Device:
    """The device row for a tag that came in a verified statement."""
    device, _created = Device.objects.get_or_create(
        contributor=contributor, tag=tag, hardware_class=hardware_class
    )
    return device
