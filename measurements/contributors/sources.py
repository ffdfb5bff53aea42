"""What answers about contributors are made of."""

from measurements.answer_cache.sources import source
from measurements.contributors.models import Contributor, Device, Key, NameWord

CONTRIBUTORS = source(Contributor, Device, Key, NameWord)
"""Who sends, and how they are called."""

NAMES = source(Contributor, NameWord)
"""How contributors are called alone: an upload changes nothing in it."""
