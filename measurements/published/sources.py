"""What answers about published series are made of."""

from measurements.answer_cache.sources import source
from measurements.published.models import PublishedFigure, PublishedSeries

PUBLISHED = source(PublishedFigure, PublishedSeries)
"""What others have published."""
