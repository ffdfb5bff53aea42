"""Tables of webhooks: who is told of what, what happened, and how each delivery went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from datetime import datetime


class EventKind(models.TextChoices):
    """What an endpoint can be told of."""

    RESULT_JUDGED = "result.judged", "A result got a verdict"
    CELL_MOVED = "cell.moved", "A value of a board changed, came or went"
    RELEASE_PUBLISHED = "release.published", "A release was published"
    CHECKPOINT_SIGNED = "checkpoint.signed", "The log has a new checkpoint"
    PING = "ping", "An operator tries the endpoint"


class Outcome(models.TextChoices):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


class WebhookEndpoint(models.Model):
    """An address that is told of `kinds`. `secret` signs each message; `former_secret` does too until `former_until`.

    `failures` counts failed attempts in a row, `failing_since` is when they began, `resume_at` the time before which
    nothing is sent. `disabled_at` is when nothing was sent any more, and `disabled_why` a sentence for the owner.
    """

    address = models.CharField(max_length=500)
    kinds = models.JSONField(default=list)
    owner = models.EmailField(blank=True, default="")
    secret = models.CharField(max_length=120)
    former_secret = models.CharField(max_length=120, blank=True, default="")
    former_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.pk} {self.address}"

    def secrets_at(self, moment: datetime) -> list[str]:
        """The secrets that sign a message at a time, the current one first."""
        is_former_valid = self.former_until is not None and moment < self.former_until
        return [self.secret, *([self.former_secret] if self.former_secret and is_former_valid else [])]


class EventCursor(models.Model):
    """How far a source of events was read: `source` is `leaves`, `checkpoints` or a board."""

    source = models.CharField(max_length=60, primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.source} {self.position}"


class WebhookEvent(models.Model):
    """Something that happened. `message_id` is made of kind and subject; `body` is the exact JSON that is sent."""

    message_id = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=30, choices=EventKind)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    happened_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class DeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    """Reads of deliveries."""

    def due(self, moment: datetime) -> Self:
        """Those to be sent now, in the order of their events."""
        return (
            self.filter(outcome=Outcome.WAITING, next_at__lte=moment, endpoint__disabled_at__isnull=True)
            .exclude(endpoint__resume_at__gt=moment)
            .order_by("id")
        )


class WebhookDelivery(models.Model):
    """One event for one endpoint. `next_at` is when it is due; `last_fault` why the last attempt failed."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.WAITING)
    n_attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    last_status = models.PositiveIntegerField(null=True)
    last_fault = models.TextField(default="")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "webhook deliveries"
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_delivery_once"),
        ]
        indexes = [
            # what is due
            models.Index(
                fields=["next_at"], name="webhook_delivery_due", condition=models.Q(outcome=Outcome.WAITING)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}: {self.outcome}"
