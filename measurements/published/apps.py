"""App configuration."""

from django.apps import AppConfig


class PublishedConfig(AppConfig):
    """What others have published, each publisher's figures as a series of its own."""

    name = "measurements.published"
    verbose_name = "Published"
