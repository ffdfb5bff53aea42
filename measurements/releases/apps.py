"""App configuration."""

from django.apps import AppConfig


class ReleasesConfig(AppConfig):
    """Releases of the data, and the files that they share."""

    name = "measurements.releases"
    label = "data_releases"  # `releases` is the label of `downloads`, from before it had its name
    verbose_name = "Releases"

    def ready(self) -> None:
        """Let the log read the rows of releases and restore lost ones, and load this app's task."""
        from measurements.releases import tasks as _tasks  # noqa: F401 - known to whoever runs the schedule
        from measurements.releases.log_facts import register_readers
        from measurements.releases.lost_releases import register_restorers

        register_readers()
        register_restorers()
