"""App configuration."""

from django.apps import AppConfig


class DisplayConfig(AppConfig):
    """How numbers, units and words are shown; it has no tables."""

    name = "measurements.display"
    verbose_name = "Display"
