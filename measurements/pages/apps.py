"""App configuration."""

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """What readers see in a browser; it has no tables."""

    name = "measurements.pages"
    verbose_name = "Pages"
