"""App configuration."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """Tasks, data sets, models and hardware as the suites define them."""

    name = "measurements.catalog"
    verbose_name = "Catalog"
