"""Rows of downloads are what their serializers say, however they are written."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import Serializer

from joulemark_simulation.result_rows import GENERAL, SENTIMENT, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards.comparisons import read_comparisons
from measurements.boards.queries import list_boards, read_board
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import Task
from measurements.downloads.row_values import row_values
from measurements.downloads.serializers import BoardRowSerializer, ComparisonRowSerializer

pytestmark = pytest.mark.django_db


def test_rows_are_to_the_byte_what_their_serializer_says() -> None:
    """Of every board and comparison of the study and of a crowd: single sources, several, scores and tokens."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    for by in ("ada", "grace", "lin"):
        for model, energy in ((SPECIFIC, 0.4), (GENERAL, 6.0)):
            scores, tokens = (("accuracy", 0.7), ("map", 0.4)), (400, 120)
            make_result(
                Run(by=by, device=by, model=model, energy_per_query_j=energy, quality=scores, tokens=tokens)
            )
    make_result(Run(by="ada", dataset=SENTIMENT, hardware="a box of my own"))
    refresh_stale_cells()
    boards = [read_board(series_slug=one.series.slug, task_slug=one.task.slug) for one in list_boards()]
    board_rows = [row for board in boards if board is not None for row in board.rows]
    compared = read_comparisons(list(Task.objects.all())).values()
    comparison_rows = [row for of_task in compared for row in of_task.rows]
    written: list[tuple[list[Any], type[Serializer[Any]]]] = [
        (board_rows, BoardRowSerializer),
        (comparison_rows, ComparisonRowSerializer),
    ]
    for rows, serializer in written:
        assert len(rows) > 12
        data = row_values(rows, serializer)
        said: Any = serializer(rows, many=True).data  # a list; its stubs know one row only
        assert data == said
        assert JSONRenderer().render(data) == JSONRenderer().render(said)
