"""App configuration."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Releases of the data, and the files that they share."""

    name = "measurements.releases"
    label = "data_releases"  # `releases` is the label of `downloads`, from before it had its name
    verbose_name = "Releases"

    def ready(self) -> None:
        """Let the log read the rows of releases."""
        from measurements.releases.log_facts import register_readers

        register_readers()
