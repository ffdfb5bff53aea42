"""App configuration."""

from django.apps import AppConfig


class ImpactConfig(AppConfig):
    """What energies mean; it has no tables."""

    name = "measurements.impact"
    verbose_name = "Impact"
