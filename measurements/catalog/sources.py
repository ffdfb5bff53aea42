"""What answers of the catalogue are made of."""

from measurements.answer_cache.sources import source
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Job, PinnedSuite, Suite, Task

CATALOG = source(AiModel, DataSet, HardwareClass, Job, PinnedSuite, Suite, Task)
"""What can be measured, and how it is called."""

SUITES = source(Suite)
TASKS = source(Task)
DATA_SETS = source(DataSet)
MODELS = source(AiModel)
HARDWARE = source(HardwareClass)
"""Single tables of it, for what is made of one alone."""

PINNED_SUITES = source(PinnedSuite, Suite)
"""Which suites this platform hands out."""
