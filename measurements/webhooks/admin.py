"""Webhooks for operators, to read only: endpoints without their secrets, and the log of deliveries."""

from __future__ import annotations

from django.contrib import admin

from measurements.web.read_only_admin import ReadOnlyAdmin
from measurements.webhooks.models import WebhookDelivery, WebhookEndpoint


@admin.register(WebhookEndpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """Who is told of what, and since when nothing arrives there."""

    list_display = ("id", "address", "kinds", "failures", "failing_since", "disabled_at", "disabled_why")
    exclude = ("secret", "former_secret")


@admin.register(WebhookDelivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Each message for each endpoint, with its last attempt; the latest first."""

    list_display = (
        "id",
        "event",
        "endpoint",
        "outcome",
        "n_attempts",
        "tried_at",
        "last_status",
        "last_fault",
    )
    list_filter = ("outcome", "event__kind", "endpoint")
    list_select_related = ("event", "endpoint")
    ordering = ("-id",)
