"""What a row or a file is about: the row's own columns first, then the map, then what the import says of all files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.published.errors import BadRow, file_of

if TYPE_CHECKING:
    from joulemark.published.names import NameMap
    from joulemark.published.table import TableRow


def place_of(
    row: TableRow, task: str | None, dataset: str | None, names: NameMap, task_column: str = "task"
) -> tuple[str, str | None]:
    """The task and the data set, as the catalogue calls them. Raises BadRow where nothing says which task."""
    own_task, own_dataset = row.text(task_column), row.text("dataset")
    place = names.files.get(file_of(row.where))
    told_task = own_task or (place.task if place else task)
    told_dataset = own_dataset or (place.dataset if place else dataset)
    if told_task is None:
        raise BadRow(
            row.where,
            "nothing says which task it is about: say so with --task, or in the map's [files]",
            rule="unsaid",
            file_wide=True,
        )
    return names.task(told_task), names.dataset(told_dataset)
