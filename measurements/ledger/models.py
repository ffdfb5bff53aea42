"""The log's tables. Rows are only ever added; the database itself refuses anything else (migration 0006)."""

from __future__ import annotations

from typing import Self

from django.db import models

from joulemark.log.leaf import LogLeaf, decode


class LeafKind(models.TextChoices):
    """What a leaf records."""

    KEY_ENROLLED = "key-enrolled"
    KEY_ROTATED = "key-rotated"
    KEY_REVOKED = "key-revoked"
    RUN_STARTED = "run-started"
    RESULT_RECEIVED = "result-received"
    VERDICT = "verdict"
    MODERATION = "moderation"
    WITHDRAWAL = "withdrawal"
    APPEAL = "appeal"
    NAME_DECISION = "name-decision"
    SUITE_PINNED = "suite-pinned"
    LOG_RESUMED = "log-resumed"
    RELEASE = "release"


class LogHead(models.Model):
    """The one row of the sequencer: how many leaves have a place, and how far its own checks have come.

    `checked` is the tile of level 0 that is compared next; `pruned` the checkpoint whose partial tiles went last.
    `fault` is why nothing is signed, empty while all fits. `outdated`: this database was restored, or is older than
    what was signed; nothing is signed and nothing is received until `manage.py resume_log`.
    """

    size = models.BigIntegerField(default=0)
    checked = models.BigIntegerField(default=0)
    pruned = models.BigIntegerField(default=0)
    fault = models.TextField(default="", db_default="")
    outdated = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="log_head_is_one_row")]

    def __str__(self) -> str:
        return str(self.size)


class LeafQuerySet(models.QuerySet["Leaf"]):
    """Reads of leaves."""

    def waiting(self) -> Self:
        """Committed, without a place in the log yet."""
        return self.filter(index__isnull=True)

    def between(self, start: int, end: int) -> Self:
        """Leaves with places from `start` to `end` (without it), in order."""
        return self.filter(index__gte=start, index__lt=end).order_by("index")


class Leaf(models.Model):
    """One entry. `body` is the exact JSON that is hashed; only digests and pseudonyms are in it.

    `id` is the order in which leaves were written. `index` is the place in the log, from 0 without gaps; the sequencer
    gives it after the commit, once and for ever. `leaf_hash` is RFC 6962's, SHA-256 over a zero byte and the body, hex.
    """

    index = models.BigIntegerField(unique=True, null=True, editable=False)
    kind = models.CharField(max_length=20, choices=LeafKind)
    subject = models.CharField(max_length=64, db_index=True)
    body = models.TextField()
    leaf_hash = models.CharField(max_length=64)
    logged_at = models.DateTimeField()

    objects = LeafQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "leaves"
        indexes = [
            # the sequencer: what has no place yet
            models.Index(fields=["id"], name="leaf_waiting", condition=models.Q(index__isnull=True)),
            # entries of a rare kind in the order of the log
            models.Index(fields=["kind", "index"], name="leaf_kind_place"),
            # those of a common one, which PostgreSQL would look for along all places
            models.Index(fields=["index"], name="leaf_of_verdict", condition=models.Q(kind="verdict")),
        ]

    def __str__(self) -> str:
        return f"{self.index} {self.kind}"

    def entry(self) -> LogLeaf:
        """What `body` says. Raises RecordError where it is no entry: then it was edited."""
        return decode(self.body.encode())


class Checkpoint(models.Model):
    """What was signed: a tree of `size` leaves has this `root` (hex). `note` is the signed note, without witnesses."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    note = models.TextField()
    signed_at = models.DateTimeField()

    class Meta:
        ordering = ["size"]
        indexes = [
            # the line below every page: the last checkpoint until a time
            models.Index(fields=["-signed_at", "-size"], name="checkpoint_signed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.size} {self.root[:12]}"

    @property
    def published_note(self) -> str:
        """The note with the lines of all witnesses below the log's own."""
        return self.note + "".join(self.cosignatures.values_list("line", flat=True))


class Cosignature(models.Model):
    """A witness has seen a checkpoint: `line` is its line of the note, with the newline."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=200)
    line = models.TextField()
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "witness"], name="cosignature_checkpoint_witness"),
        ]
        indexes = [
            # health: the last cosignature of a witness
            models.Index(fields=["witness", "-checkpoint"], name="cosignature_of_witness"),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} {self.witness}"


class WitnessState(models.Model):
    """How a witness is that is asked for cosignatures: `witness` is its verifier key.

    `size` is what it has cosigned last as far as this platform knows, `failures` how often in a row it gave no
    cosignature, `fault` why, and `next_at` the time before which it is not asked again.
    """

    witness = models.CharField(max_length=200, primary_key=True)
    size = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    fault = models.TextField(default="")
    tried_at = models.DateTimeField()
    next_at = models.DateTimeField()

    class Meta:
        ordering = ["witness"]

    def __str__(self) -> str:
        return self.witness.partition("+")[0]


class LogGap(models.Model):
    """The database was restored older than the log: of the entries `start` to `end` (without it) rows were lost.

    The entries themselves came back from the log's files. `end_root` is the root of the checkpoint that was signed for
    `end` entries, `start_root` that of the tree which the database still had; both hex.
    """

    start = models.BigIntegerField()
    end = models.BigIntegerField()
    start_root = models.CharField(max_length=64)
    end_root = models.CharField(max_length=64)
    resumed_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


class CopyState(models.Model):
    """How a copy of the log off this machine is: `size` of the checkpoint that it took last, and why it did not."""

    place = models.CharField(max_length=20, primary_key=True)
    size = models.BigIntegerField(default=0)
    fault = models.TextField(default="")
    tried_at = models.DateTimeField()

    class Meta:
        ordering = ["place"]

    def __str__(self) -> str:
        return self.place
