"""What answers about releases are made of."""

from measurements.answer_cache.sources import source
from measurements.releases.models import Release

RELEASES = source(Release)
"""What was published."""
