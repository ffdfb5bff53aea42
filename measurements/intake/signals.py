"""What the door tells the rooms behind it."""

from django.dispatch import Signal

submission_received = Signal()
"""Sent after commit with `result_id` and `request_id`: new bytes wait for a verdict. A nudge; the row is the truth."""

key_distrusted = Signal()
"""Sent after commit with `key_id`: a key was revoked, and what it has signed must be judged again."""

submission_restored = Signal()
"""Sent within the transaction that stores a lost result again (`submission`): what the log decided of it may follow."""
