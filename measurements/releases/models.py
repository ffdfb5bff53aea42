"""Tables of releases: what was published, and which ranges of the log are written already."""

from __future__ import annotations

from django.db import models

from measurements.ledger.models import Leaf


class Release(models.Model):
    """A release: its manifest is the file with this digest, which is a leaf of the log. Never edited.

    `published_at` is when the list of releases first named it: until then no reader knows of it.
    """

    name = models.CharField(max_length=16, unique=True)
    made_at = models.DateTimeField()
    tree_size = models.BigIntegerField()
    root_hash = models.CharField(max_length=64)
    manifest_sha256 = models.CharField(max_length=64, unique=True)
    n_results = models.PositiveBigIntegerField()
    n_rows = models.PositiveBigIntegerField()
    n_files = models.PositiveIntegerField()
    total_bytes = models.PositiveBigIntegerField()
    new_bytes = models.PositiveBigIntegerField()
    published_at = models.DateTimeField(null=True)
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    class Meta:
        ordering = ["-made_at", "-id"]

    def __str__(self) -> str:
        return self.name


class WrittenRange(models.Model):
    """A range of the log whose files are written and settled: later releases name the same files.

    `files` has the fields of `joulemark.release.manifest.TableFile` by table, and those of a `BundleFile` under
    "bundles". `derivation` is the way in which the rows were derived.
    """

    start = models.BigIntegerField()
    end = models.BigIntegerField()
    derivation = models.CharField(max_length=40)
    files = models.JSONField()
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["start"]
        constraints = [
            models.UniqueConstraint(fields=["start", "end", "derivation"], name="written_range_once"),
        ]

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"
