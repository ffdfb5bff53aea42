"""Writes of contributors: a key becomes known, a device is seen."""

from __future__ import annotations

from measurements.catalog.models import HardwareClass
from measurements.contributors.models import Contributor, Device, Key, KeyState


def add_key(*, key_id: str, public_key: str, display_name: str | None) -> Key:
    """A new contributor with its first key. Raises IntegrityError when the key is known already."""
    contributor = Contributor.objects.create(pseudonym=f"v-{key_id[:12]}", display_name=display_name)
    return Key.objects.create(key_id=key_id, public_key=public_key, contributor=contributor)


def rename(*, contributor: Contributor, display_name: str | None) -> Contributor:
    """Change or remove the name that is shown."""
    contributor.display_name = display_name
    contributor.save(update_fields=["display_name"])
    return contributor


def revoke_key(*, key: Key) -> Key:
    """From now on nothing that this key signs is taken."""
    key.state = KeyState.REVOKED
    key.save(update_fields=["state"])
    return key


def note_device(*, contributor: Contributor, tag: str, hardware_class: HardwareClass) -> Device:
    """The device row for a tag that came in a verified statement."""
    device, _created = Device.objects.get_or_create(
        contributor=contributor, tag=tag, hardware_class=hardware_class
    )
    return device
