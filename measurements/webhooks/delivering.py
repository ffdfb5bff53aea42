"""Sending what is due, again and again until it is taken, for as long as that makes sense.

A delivery is claimed for a while, sent, and only then recorded: whoever dies between the two leaves a claim that ends,
and the same message goes out again under the same id. Messages are posted in threads, one for each endpoint, and rows
are read and written by the caller alone.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from measurements.webhooks import exchange
from measurements.webhooks.exchange import WebhookMessage
from measurements.webhooks.models import Outcome, WebhookDelivery, WebhookEndpoint, WebhookEvent
from measurements.webhooks.owners import tell_owner

if TYPE_CHECKING:
    from measurements.webhooks.exchange import Attempt

logger = logging.getLogger(__name__)

CLAIM = timedelta(minutes=3)
"""How long a claimed delivery is left to who has claimed it: longer than a round takes."""
ROUND_S = 20.0
"""How long one round begins new attempts."""
MAX_CLAIMED, MAX_OF_ENDPOINT, MAX_THREADS = 200, 20, 8
RETRIES_S = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Pauses between the attempts at one message, as Standard Webhooks recommends them; then it is given up."""
ENDPOINT_PAUSES_S = (5, 30, 120, 600, 1800, 3600)
"""Pauses of an endpoint after failures in a row, in which nothing is sent to it; the last one from then on."""
MAX_PAUSE_S = 86_400.0
DISABLED_AFTER = timedelta(days=5)
"""An endpoint that has failed for so long, and has taken nothing meanwhile, is disabled."""
GONE = 410
"""By this status a receiver says that it wants nothing more."""
SLOW_DOWN = frozenset({429, 503})
RETENTION = timedelta(days=30)
"""How long the log of deliveries goes back."""
MAX_FORGOTTEN = 2000


def deliver_due() -> int:
    """Send what is due within `ROUND_S`; how many messages were taken. Safe to call at any time, by several at once."""
    by_endpoint: dict[int, list[WebhookDelivery]] = defaultdict(list)
    for delivery in _claim():
        by_endpoint[delivery.endpoint_id].append(delivery)
    if not by_endpoint:
        return 0
    end_s, n_delivered = time.monotonic() + ROUND_S, 0
    with ThreadPoolExecutor(min(len(by_endpoint), MAX_THREADS)) as pool:
        queues = list(by_endpoint.values())
        running = {pool.submit(_send_first, queue, end_s): queue for queue in queues}
        while running:
            finished = next(as_completed(running))
            queue = running.pop(finished)
            attempt = finished.result()
            goes_on = attempt is not None and _record(queue.pop(0), attempt)
            n_delivered += goes_on
            if queue and goes_on:
                running[pool.submit(_send_first, queue, end_s)] = queue
            elif queue:
                _release(queue)
    return n_delivered


def deliver_now(delivery: WebhookDelivery) -> Attempt:
    """Send one message at once, whether or not its endpoint is disabled or waits; how that went is recorded."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(next_at=timezone.now() + CLAIM)
    attempt = _send(delivery)
    _record(delivery, attempt)
    return attempt


def forget_old() -> int:
    """Remove deliveries that ended long ago, with events that nobody waits for; how many."""
    old = timezone.now() - RETENTION
    ended = WebhookDelivery.objects.exclude(outcome=Outcome.WAITING).filter(event__happened_at__lt=old)
    ids = list(ended.values_list("pk", flat=True)[:MAX_FORGOTTEN])
    WebhookDelivery.objects.filter(pk__in=ids).delete()
    left = WebhookEvent.objects.filter(happened_at__lt=old, deliveries__isnull=True)
    WebhookEvent.objects.filter(pk__in=list(left.values_list("pk", flat=True)[:MAX_FORGOTTEN])).delete()
    return len(ids)


def _claim() -> list[WebhookDelivery]:
    """Deliveries that are due and nobody else's now, with what is needed to send them: as many of each endpoint."""
    now = timezone.now()
    with transaction.atomic():
        due = WebhookDelivery.objects.due(now)
        endpoint_ids = list(due.order_by("endpoint_id").values_list("endpoint_id", flat=True).distinct())
        share = max(1, min(MAX_OF_ENDPOINT, MAX_CLAIMED // max(1, len(endpoint_ids))))
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self",))
        due = due.select_related("endpoint", "event")
        claimed = [row for pk in endpoint_ids for row in due.filter(endpoint=pk)[:share]]
        WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in claimed]).update(
            next_at=now + CLAIM
        )
    return claimed


def _release(queue: list[WebhookDelivery]) -> None:
    """Give claims back that were not used."""
    ids = [delivery.pk for delivery in queue]
    WebhookDelivery.objects.filter(pk__in=ids, outcome=Outcome.WAITING).update(next_at=timezone.now())


def _send_first(queue: list[WebhookDelivery], end_s: float) -> Attempt | None:
    """Send the first message of a queue; None where the round is over. Reads no row."""
    if time.monotonic() > end_s:
        return None
    return _send(queue[0])


def _send(delivery: WebhookDelivery) -> Attempt:
    return exchange.send(
        WebhookMessage(
            address=delivery.endpoint.address,
            message_id=delivery.event.message_id,
            body=delivery.event.body.encode(),
            secrets=delivery.endpoint.secrets_at(timezone.now()),
        )
    )


def _record(delivery: WebhookDelivery, attempt: Attempt) -> bool:
    """Write down how an attempt went; whether the endpoint may be sent more in this round.

    Nothing is written where the endpoint was removed meanwhile, and its deliveries with it.
    """
    now, is_disabled = timezone.now(), False
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=delivery.endpoint_id).first()
        if endpoint is None:
            return False
        delivery.n_attempts += 1
        delivery.tried_at, delivery.last_status, delivery.last_fault = now, attempt.status, attempt.fault
        if attempt.is_delivered:
            delivery.outcome = Outcome.DELIVERED
            endpoint.failures, endpoint.failing_since, endpoint.resume_at = 0, None, None
        else:
            _put_off(delivery, endpoint, attempt)
            if why := _why_disabled(endpoint, attempt):
                _disable(endpoint, why)
                delivery.outcome = Outcome.GIVEN_UP
                is_disabled = True
        delivery.save()
        endpoint.save()
    if is_disabled:
        tell_owner(endpoint)
    return attempt.is_delivered


def _put_off(delivery: WebhookDelivery, endpoint: WebhookEndpoint, attempt: Attempt) -> None:
    now = timezone.now()
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    pause_s: float = ENDPOINT_PAUSES_S[min(endpoint.failures, len(ENDPOINT_PAUSES_S)) - 1]
    if attempt.status in SLOW_DOWN and attempt.retry_after_s is not None:
        pause_s = max(pause_s, min(attempt.retry_after_s, MAX_PAUSE_S))
    endpoint.resume_at = now + timedelta(seconds=pause_s)
    if delivery.n_attempts > len(RETRIES_S):
        delivery.outcome = Outcome.GIVEN_UP
        logger.warning("JM-WEBHOOK-GIVEN-UP %s: %s", delivery, attempt.fault)
    else:
        delivery.next_at = now + timedelta(seconds=RETRIES_S[delivery.n_attempts - 1])


def _why_disabled(endpoint: WebhookEndpoint, attempt: Attempt) -> str:
    """Why an endpoint gets nothing more; empty while it does."""
    if attempt.status == GONE:
        return "It answered 410, by which a receiver says that it wants nothing more."
    since = endpoint.failing_since
    if since is not None and timezone.now() - since > DISABLED_AFTER:
        return f"It has taken no message since {since:%Y-%m-%d %H:%M} UTC. The last attempt: {attempt.fault}"
    return ""


def _disable(endpoint: WebhookEndpoint, why: str) -> None:
    endpoint.disabled_at, endpoint.disabled_why = timezone.now(), why
    endpoint.deliveries.filter(outcome=Outcome.WAITING).update(outcome=Outcome.GIVEN_UP)
    logger.warning("JM-WEBHOOK-DISABLED endpoint %s: %s", endpoint.pk, why)
