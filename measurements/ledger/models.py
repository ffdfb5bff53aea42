"""The log's tables. Rows are only ever added; the database itself refuses an update or a delete (migration 0002)."""

from __future__ import annotations

from django.db import models


class LeafKind(models.TextChoices):
    """What a leaf records."""

    KEY_ENROLLED = "key-enrolled"
    KEY_REVOKED = "key-revoked"
    RUN_STARTED = "run-started"
    RESULT_RECEIVED = "result-received"
    VERDICT = "verdict"
    MODERATION = "moderation"


class LogHead(models.Model):
    """The one row that counts leaves; whoever holds its lock may append."""

    size = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="log_head_is_one_row")]

    def __str__(self) -> str:
        return str(self.size)


class Leaf(models.Model):
    """One entry. `index` counts from 0 without gaps; `body` is the exact JSON that is hashed; only digests are in it.

    `leaf_hash` is RFC 6962's: SHA-256 over a zero byte and the body, in hex.
    """

    index = models.BigIntegerField(primary_key=True)
    kind = models.CharField(max_length=20, choices=LeafKind)
    subject = models.CharField(max_length=64, db_index=True)
    body = models.TextField()
    leaf_hash = models.CharField(max_length=64)
    logged_at = models.DateTimeField()

    class Meta:
        ordering = ["index"]
        verbose_name_plural = "leaves"

    def __str__(self) -> str:
        return f"{self.index} {self.kind}"
