"""App configuration."""

from django.apps import AppConfig


class DownloadsConfig(AppConfig):
    """Downloads over REST."""

    name = "measurements.downloads"
    label = "releases"  # what Django has written down of the app before it had its present name stays true
    verbose_name = "Downloads"
