"""Tables of who sends. A contributor is a pseudonym with keys; a device is a pseudonymous tag."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _

from measurements.catalog.models import HardwareClass


class Contributor(models.Model):
    """A pseudonym. The display name is optional and may be erased; the pseudonym stays.

    `name_key` is equal for names that look alike, and null while the display name may not be shown: then the pseudonym
    stands in its place.
    """

    pseudonym = models.CharField(max_length=40, unique=True)
    display_name = models.CharField(max_length=60, null=True)
    name_key = models.CharField(max_length=64, null=True, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """The display name where it may be shown, else the pseudonym."""
        return self.display_name if self.display_name and self.name_key else self.pseudonym


class NameWord(models.Model):
    """A word of a display name that may be shown, as `name_words` writes it: the search finds its contributor by it."""

    contributor = models.ForeignKey(
        Contributor, on_delete=models.CASCADE, related_name="name_words", db_index=False
    )
    word = models.CharField(max_length=60, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contributor", "word"], name="name_word_once")]

    def __str__(self) -> str:
        return self.word


class KeyState(models.TextChoices):
    """Whether a key may still sign."""

    ACTIVE = "active", _("active")
    ROTATED = "rotated", _("rotated")
    REVOKED = "revoked", _("revoked")


class KeyManager(models.Manager["Key"]):
    """Reads of keys."""

    def named(self, key_ids: Iterable[str]) -> dict[str, Key]:
        """Keys by their ids; `in_bulk` with SQL of our own, since every upload asks this and building it costs more.

        It names its columns: a statement that is prepared with `*` fails once a migration has added one.
        """
        ids = list(key_ids)
        if not ids:
            return {}
        marks = ", ".join(["%s"] * len(ids))
        columns = ", ".join(str(field.column) for field in self.model._meta.concrete_fields)
        sql = f"SELECT {columns} FROM {self.model._meta.db_table} WHERE key_id IN ({marks})"  # noqa: S608 - names of our own
        return {key.key_id: key for key in self.raw(sql, ids)}


class Key(models.Model):
    """An Ed25519 public key; `key_id` is the SHA-256 of its 32 raw bytes, `public_key` those bytes in hex.

    `ended_at` is when it was rotated or revoked. Of a revoked key nothing is believed that was received at or after
    `untrusted_since`.
    """

    key_id = models.CharField(max_length=64, primary_key=True)
    public_key = models.CharField(max_length=64, unique=True)
    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="keys")
    state = models.CharField(max_length=10, choices=KeyState, default=KeyState.ACTIVE)
    enrolled_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)
    untrusted_since = models.DateTimeField(null=True)
    replaced_by = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaces")

    objects = KeyManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="active", ended_at__isnull=True)
                | (~models.Q(state="active") & models.Q(ended_at__isnull=False)),
                name="key_ended_unless_active",
            ),
            models.CheckConstraint(
                condition=models.Q(state="revoked", untrusted_since__isnull=False)
                | (~models.Q(state="revoked") & models.Q(untrusted_since__isnull=True)),
                name="key_untrusted_if_revoked",
            ),
        ]

    def __str__(self) -> str:
        return self.key_id[:12]


class Device(models.Model):
    """A device of a contributor, by the tag that its agent derives. The same tag under two contributors is two rows."""

    contributor = models.ForeignKey(Contributor, on_delete=models.PROTECT, related_name="devices")
    tag = models.CharField(max_length=64)
    hardware_class = models.ForeignKey(HardwareClass, on_delete=models.PROTECT, related_name="devices")
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contributor", "tag", "hardware_class"], name="device_contributor_tag_class"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hardware_class} {self.tag[:8]}"
