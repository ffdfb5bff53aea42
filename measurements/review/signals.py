"""What review tells the rooms behind it."""

from django.dispatch import Signal

verdict_given = Signal()
"""Sent after commit with `result_id`: a submission's state changed, so its cell must be recomputed."""
