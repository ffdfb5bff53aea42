"""What operators do with endpoints: add, list, try, rotate the secret, enable, remove."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from measurements.webhooks.destinations import require_usable
from measurements.webhooks.gathering import NewEvent, record_event
from measurements.webhooks.models import EventKind, WebhookDelivery, WebhookEndpoint
from measurements.webhooks.signing import make_secret

if TYPE_CHECKING:
    from collections.abc import Collection

OVERLAP = timedelta(days=1)
"""After a rotation the former secret signs, too, for so long."""
SUBSCRIBABLE = tuple(kind.value for kind in EventKind if kind is not EventKind.PING)


def add_endpoint(*, address: str, kinds: Collection[str], owner: str = "") -> WebhookEndpoint:
    """Register an address for kinds of events. `kinds` are of `SUBSCRIBABLE`. Raises NotAllowed."""
    require_usable(address)
    return WebhookEndpoint.objects.create(
        address=address,
        kinds=sorted(kinds or SUBSCRIBABLE),
        owner=owner,
        secret=make_secret(),
        created_at=timezone.now(),
    )


def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """Give an endpoint a new secret; the former one signs beside it for a day. Returns the new one."""
    endpoint.former_secret, endpoint.former_until = endpoint.secret, timezone.now() + OVERLAP
    endpoint.secret = make_secret()
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    return endpoint.secret


def enable_endpoint(endpoint: WebhookEndpoint) -> None:
    """Send to a disabled endpoint again, from now on."""
    endpoint.disabled_at, endpoint.disabled_why = None, ""
    endpoint.failures, endpoint.failing_since, endpoint.resume_at = 0, None, None
    endpoint.save()


def ping_endpoint(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """A delivery, due now, of a message that says nothing, whatever the endpoint wants to be told of."""
    event = NewEvent(
        kind=EventKind.PING, subject=uuid4().hex, at=timezone.now(), data={"origin": settings.ORIGIN}
    )
    with transaction.atomic():
        record_event(event, endpoints=[endpoint])
    return WebhookDelivery.objects.select_related("endpoint", "event").get(event__message_id=event.message_id)
