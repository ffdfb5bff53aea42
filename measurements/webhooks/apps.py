"""App configuration."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Signed messages about results, cells, releases and checkpoints."""

    name = "measurements.webhooks"
    verbose_name = "Webhooks"
