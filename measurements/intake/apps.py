"""App configuration."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Tickets and uploads: verify, store, answer with a receipt."""

    name = "measurements.intake"
    verbose_name = "Intake"

    def ready(self) -> None:
        """Let the log read this room's rows."""
        from measurements.intake.log_facts import register_readers

        register_readers()
