"""App configuration."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Signed messages about results, cells, releases and checkpoints."""

    name = "measurements.webhooks"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        """Register the task with every process: the beat sends what it does not know without a time to expire."""
        from measurements.webhooks import tasks  # noqa: F401
