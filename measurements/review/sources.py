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

JUDGED_RESULTS = source(Result, Verdict)
"""The numbers of results and what the rules have said: what a comparison with others leaves as it is."""

STATE_REASONS = source(Moderation, Result, Verdict, Withdrawal)
"""The same, and whose decision it was where no rule decided."""

TRANSITIONS = source(fixed=[Transition])
"""How results came to their states. A move is written with the new state of its submission, whose version rises."""

CREDIT = source(Standing)
"""What contributors have earned by agreeing with others."""
