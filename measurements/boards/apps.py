"""App configuration."""

from django.apps import AppConfig


class BoardsConfig(AppConfig):
    """Cells, leaderboards and comparisons, and the pages that show them."""

    name = "measurements.boards"
    verbose_name = "Boards"

    def ready(self) -> None:
        """Listen to review."""
        from measurements.boards.nudges import on_verdict
        from measurements.review.signals import verdict_given

        verdict_given.connect(on_verdict, dispatch_uid="boards.refresh_cell")
