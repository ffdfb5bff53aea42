"""App configuration."""

from django.apps import AppConfig


class BoardsConfig(AppConfig):
    """Cells, leaderboards and comparisons."""

    name = "measurements.boards"
    verbose_name = "Boards"

    def ready(self) -> None:
        """Connect marks and refreshes of cells to the signals of review."""
        from measurements.boards.receivers import on_cells_compared, on_cells_touched, on_states_changed
        from measurements.review.signals import cells_compared, cells_touched, states_changed

        cells_touched.connect(on_cells_touched, dispatch_uid="boards.due_refresh")
        cells_compared.connect(on_cells_compared, dispatch_uid="boards.wishes")
        states_changed.connect(on_states_changed, dispatch_uid="boards.refresh_cell")
