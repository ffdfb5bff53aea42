"""App configuration."""

from django.apps import AppConfig


class SearchConfig(AppConfig):
    """The site's search; it has no tables."""

    name = "measurements.search"
    verbose_name = "Search"
