"""What boards are made of."""

from measurements.answer_cache.sources import source
from measurements.boards.job_models import JobNeed
from measurements.boards.latest_models import LatestResult
from measurements.boards.models import (
    BoardVersion,
    Cell,
    CellRevision,
    CellStanding,
    ComparedPart,
    DeviceValue,
    SizeFactor,
)

BOARDS = source(BoardVersion, Cell, CellRevision, DeviceValue, ComparedPart, CellStanding, SizeFactor)
"""Cells, what each device says in them, their history, and what is derived of them."""

CELLS = source(Cell)
"""Values alone, for what is made of nothing else."""

JOB_NEEDS = source(JobNeed)
"""Counts of jobs, who may be at them, and how often they are looked at."""

LATEST_RESULTS = source(LatestResult)
"""The results that came last, as of some seconds ago."""
