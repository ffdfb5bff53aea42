"""App configuration."""

from django.apps import AppConfig


class BoardsConfig(AppConfig):
    """Cells, leaderboards and comparisons."""

    name = "measurements.boards"
    verbose_name = "Boards"

    def ready(self) -> None:
        """Connect the refresh of cells to the signals of review."""
        from measurements.boards.receivers import on_states_changed
        from measurements.review.signals import states_changed

        states_changed.connect(on_states_changed, dispatch_uid="boards.refresh_cell")
