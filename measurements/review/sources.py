"""What answers about results are made of."""

from measurements.answer_cache.sources import source
from measurements.review.models import (
    Agreement,
    Appeal,
    Moderation,
    Result,
    Standing,
    Transition,
    Verdict,
    Withdrawal,
)

RESULTS = source(Agreement, Appeal, Moderation, Result, Verdict, Withdrawal)
"""What rules and people have said, and the numbers that count."""

TRANSITIONS = source(fixed=[Transition])
"""How results came to their states. A move is written with the new state of its submission, whose version rises."""

CREDIT = source(Standing)
"""What contributors have earned by agreeing with others."""
