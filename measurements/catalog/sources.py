"""What answers of the catalogue are made of."""

from measurements.answer_cache.sources import source
from measurements.catalog.models import AiModel, DataSet, HardwareClass, Job, PinnedSuite, Suite, Task

CATALOG = source(AiModel, DataSet, HardwareClass, Job, PinnedSuite, Suite, Task)
"""What can be measured, and how it is called."""
