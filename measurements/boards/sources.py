"""What boards are made of."""

from measurements.answer_cache.sources import source
from measurements.boards.models import BoardVersion, Cell, CellRevision, DeviceValue

BOARDS = source(BoardVersion, Cell, CellRevision, DeviceValue)
"""Cells, what each device says in them, and their history."""
