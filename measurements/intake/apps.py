"""App configuration."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Tickets and uploads: verify, store, answer with a receipt."""

    name = "measurements.intake"
    verbose_name = "Intake"
