"""What answers that name a place in the log are made of."""

from measurements.answer_cache.sources import fixed_in_every_answer, source
from measurements.ledger.models import Checkpoint, Cosignature, Leaf, LogGap

LEAVES = source(referenced=[Leaf])
"""Leaves and their places. A leaf is written with the row that it records, and read through that row alone."""

SIGNED_BEFORE = source(fixed=[Checkpoint])
"""What was signed. The page of a version names the last one until that version, which was signed before it."""

CHECKPOINTS = source(Checkpoint, Cosignature, LogGap)
"""What was signed, who witnessed it, and gaps that restores have left."""

fixed_in_every_answer(SIGNED_BEFORE)
