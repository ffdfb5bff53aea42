"""What review tells the rooms behind it."""

from django.dispatch import Signal

states_changed = Signal()
"""Sent after commit with `result_ids`: these submissions may have another state, so their cells must be recomputed."""
