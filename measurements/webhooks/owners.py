"""A sentence for the owner of an endpoint to which nothing is sent any more."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from measurements.webhooks.models import WebhookEndpoint

logger = logging.getLogger(__name__)


def tell_owner(endpoint: WebhookEndpoint) -> bool:
    """Mail the owner, or the operators where none is named, that an endpoint is disabled; whether a mail went out."""
    recipients = [endpoint.owner] if endpoint.owner else settings.OPERATORS
    if not recipients or not settings.EMAIL_HOST:
        return False
    with translation.override(settings.ALARM_LANGUAGE):
        subject = _("[Joulemark] Webhook {number} is disabled").format(number=endpoint.pk)
        text = _(
            "{origin} sends nothing more to {address}. {why} What happened since is not sent later; the feeds and the "
            "API have it. Once the receiver answers again, ask the platform's operator to enable webhook {number}."
        ).format(
            origin=settings.ORIGIN,
            address=endpoint.address.partition("?")[0],
            why=endpoint.disabled_why,
            number=endpoint.pk,
        )
        message = EmailMessage(subject, f"{text}\n", settings.DEFAULT_FROM_EMAIL, recipients)
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - a mail server may answer anything; the row and the log have the sentence
        logger.warning("JM-WEBHOOK-UNTOLD webhook %s (%s)", endpoint.pk, type(error).__name__)
        return False
    return True
