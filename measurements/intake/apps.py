"""App configuration."""

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """Tickets and uploads: verify, store, answer with a receipt."""

    name = "measurements.intake"
    verbose_name = "Intake"

    def ready(self) -> None:
        """Let the log read this app's rows, and restore them."""
        from measurements.intake.log_facts import register_readers
        from measurements.intake.lost_keys import register_restorers

        register_readers()
        register_restorers()
