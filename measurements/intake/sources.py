"""What answers about submissions are made of."""

from measurements.answer_cache.sources import source
from measurements.intake.models import Submission, Ticket

SUBMISSIONS = source(Submission, fixed=[Ticket])
"""What was received, and where it stands. A ticket is never edited, and is there before its submission."""
