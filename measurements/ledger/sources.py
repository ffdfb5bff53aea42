"""What answers that name a place in the log are made of."""

from measurements.answer_cache.sources import source
from measurements.ledger.models import Leaf

LEAVES = source(Leaf)
"""Leaves and their places."""
