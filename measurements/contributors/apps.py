"""App configuration."""

from django.apps import AppConfig


class ContributorsConfig(AppConfig):
    """Who sends: keys and devices under pseudonyms."""

    name = "measurements.contributors"
    verbose_name = "Contributors"
