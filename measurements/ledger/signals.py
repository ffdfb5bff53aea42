"""What the log tells."""

from django.dispatch import Signal

leaf_written = Signal()
"""Sent after commit: a leaf waits for its place. A nudge; the row is the truth."""

checkpoint_signed = Signal()
"""Sent after a new checkpoint is published: witnesses may be asked. A nudge; the row is the truth."""
