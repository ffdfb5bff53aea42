"""App configuration."""

from django.apps import AppConfig


class SummariesConfig(AppConfig):
    """What is derived from evidence for pages, and can be derived again."""

    name = "measurements.summaries"
    verbose_name = "Summaries"
