"""App configuration."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Downloads over REST."""

    name = "measurements.releases"
    verbose_name = "Releases"
