"""App configuration."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """What every app answers HTTP with; it has no tables."""

    name = "measurements.web"
    verbose_name = "Web"
