"""What answers about results are made of."""

from measurements.answer_cache.sources import source
from measurements.review.models import Agreement, Appeal, Moderation, Result, Standing, Verdict, Withdrawal

RESULTS = source(Agreement, Appeal, Moderation, Result, Verdict, Withdrawal)
"""What rules and people have said, and the numbers that count."""

CREDIT = source(Standing)
"""What contributors have earned by agreeing with others."""
