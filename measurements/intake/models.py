"""Tables of the door: tickets, bundles as received, envelopes seen, and how often what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from joulemark.record import messages
from measurements.catalog.models import Job
from measurements.contributors.models import Key
from measurements.ledger.models import Leaf


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Reads of tickets."""

    def open(self, *, at: datetime) -> Self:
        """Issued, not expired and not used: somebody may be measuring under it."""
        return self.filter(expires_at__gt=at, submission__isnull=True)


class Ticket(models.Model):
    """A run that was announced. `request_sha256` digests the signed request: the same request, the same ticket."""

    id = models.CharField(max_length=32, primary_key=True)
    nonce = models.CharField(max_length=32)
    sample_seed = models.BigIntegerField()
    request_sha256 = models.CharField(max_length=64, unique=True)
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="tickets")
    job = models.ForeignKey(Job, on_delete=models.PROTECT)
    device_tag = models.CharField(max_length=64)
    # a keyed code of the network prefix and the job (`network_code`), never the address; empty where there is none
    network = models.CharField(max_length=32, default="", db_default="")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)

    objects = TicketQuerySet.as_manager()

    class Meta:
        indexes = [
            # open tickets, each minute: those of now among all that ever were
            models.Index(fields=["expires_at"], name="ticket_expiry"),
            # the rule about unreported runs: what else was announced from a network for a job
            models.Index(fields=["network", "job"], name="ticket_network", condition=~models.Q(network="")),
        ]

    def __str__(self) -> str:
        return self.id


class State(models.TextChoices):
    """Where a submission stands (`joulemark.record.messages.ResultState`); everyone may see it."""

    RECEIVED = "received", _("waits for a verdict")
    CHECKING = "checking", _("is being checked")
    ACCEPTED = "accepted", _("accepted")
    QUARANTINED = "quarantined", _("quarantined")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


UNJUDGED = tuple(State(word) for word in messages.UNJUDGED)
"""States without a verdict."""
JUDGED = [(word, title) for word, title in State.choices if word not in UNJUDGED]
"""The others, with their titles."""


class SubmissionQuerySet(models.QuerySet["Submission"]):
    """Reads of submissions."""

    def waiting(self, *, since: datetime) -> Self:
        """Received at or before `since` and still without a verdict, oldest first."""
        return self.filter(state__in=UNJUDGED, received_at__lte=since).order_by("received_at")

    def without_bytes(self) -> Self:
        """Leave the bundle's bytes in the database."""
        return self.defer("bundle", "receipt")


class Submission(models.Model):
    """A bundle as received: `bundle` is never edited. `result_id` is the SHA-256 of those bytes, in hex."""

    result_id = models.CharField(max_length=64, primary_key=True)
    bundle = models.BinaryField()
    trace_sha256 = models.CharField(max_length=64)
    key = models.ForeignKey(Key, on_delete=models.PROTECT, related_name="submissions", db_index=False)
    ticket = models.OneToOneField(Ticket, on_delete=models.PROTECT, null=True, related_name="submission")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    receipt = models.BinaryField()
    leaf = models.OneToOneField(Leaf, on_delete=models.PROTECT)
    # the largest batch it may be judged in, and the processes that were lost over it alone (review.judging_batches)
    batch_limit = models.PositiveSmallIntegerField(default=64, db_default=64)
    losses = models.PositiveSmallIntegerField(default=0, db_default=0)
    # the request that brought it, as the lines of all processes name it; empty where it came before requests had ids
    request_id = models.CharField(max_length=64, default="", db_default="")

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        indexes = [
            # the sweeper: what waits too long
            models.Index(
                fields=["received_at"],
                name="submission_waiting",
                condition=models.Q(state__in=list(messages.UNJUDGED)),
            ),
            # health and moderators: what was put aside, by age
            models.Index(
                fields=["received_at"],
                name="submission_quarantined",
                condition=models.Q(state="quarantined"),
            ),
            # lists of results, and the front page: the latest, of all and of one state
            models.Index(fields=["-received_at", "result_id"], name="submission_latest"),
            models.Index(fields=["state", "-received_at", "result_id"], name="submission_state_latest"),
            # the same of one contributor
            models.Index(fields=["key", "-received_at", "result_id"], name="submission_key_latest"),
            # health: what cost a process
            models.Index(fields=["received_at"], name="submission_losses", condition=models.Q(losses__gt=0)),
            # the duplicate rule: has this trace been seen?
            models.Index(fields=["trace_sha256"], name="submission_trace"),
        ]

    def __str__(self) -> str:
        return self.result_id[:12]

    def get_absolute_url(self) -> str:
        """The path of the result's page."""
        return reverse("result", args=[self.pk])


class SeenEnvelope(models.Model):
    """A signed request already taken: the same bytes change nothing more, other bytes cannot use its nonce again."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    key = models.ForeignKey(Key, on_delete=models.PROTECT)
    nonce = models.CharField(max_length=32, null=True)
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "nonce"], name="seen_envelope_nonce")]

    def __str__(self) -> str:
        return self.sha256[:12]


class RefusalCount(models.Model):
    """How often a code was refused on a day: the only thing kept of a refused request."""

    day = models.DateField()
    code = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "code"], name="refusal_day_code")]

    def __str__(self) -> str:
        return f"{self.day} {self.code}: {self.count}"
