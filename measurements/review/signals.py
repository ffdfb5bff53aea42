"""What review tells the rooms behind it, and itself."""

from django.dispatch import Signal

states_changed = Signal()
"""Sent after commit with `result_ids`: these submissions may have another state or other numbers, so what is derived
of their cells (comparisons here, boards' values) must be made anew."""
