"""What review tells the rooms behind it, and itself."""

from django.dispatch import Signal

states_changed = Signal()
"""Sent after commit with `result_ids`: these submissions may have another state or other numbers, so what is derived
of their cells (comparisons here, boards' values) must be made anew."""

cells_touched = Signal()
"""Sent with `cells` inside the transaction in which results of these cells change: whoever derives something of cells
marks it as due, so that a change and its mark are there together or not at all."""

cells_compared = Signal()
"""Sent with `cells` after the agreements of all results of these cells were written: how many of them ask for a
repetition may differ from before."""
