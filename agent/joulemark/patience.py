"""When to ask a service again that gave no answer: pure functions of the attempt, a seed and what the service asks for.

Pauses grow from attempt to attempt up to a longest one and are drawn from the upper half of that envelope, so that many
agents that lost one platform at the same moment do not come back at the same moment. Retry-After (RFC 9110, 10.2.3) is
never undercut, and a pause never reaches beyond the time that is left: where it would have to, there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """A schedule. The envelope of pause `n` (from 0) is `first_s` times `factor` to the n, `longest_s` at most.

    `count`: the number of pauses, None for as many as time allows.
    """

    first_s: float
    longest_s: float
    factor: float = 2.0
    count: int | None = None

    def envelope_s(self, attempt: int) -> float:
        """The longest pause, in seconds, behind the failed attempt of this number (from 0)."""
        try:
            return min(self.longest_s, self.first_s * self.factor**attempt)
        except OverflowError:
            return self.longest_s


SHORT = Pauses(first_s=0.5, longest_s=2.0, count=3)
"""For a command that somebody waits for."""
LONG = Pauses(first_s=1.0, longest_s=60.0)
"""For a run, which has an evening."""


def pause_s(
    pauses: Pauses, attempt: int, *, seed: int, left_s: float, retry_after_s: float | None = None
) -> float | None:
    """Seconds to wait behind the failed attempt of this number (from 0); None where it was the last one.

    `left_s`: the time that may still be waited. `retry_after_s`: the least pause that the service asks for; one that
    does not fit into what is left ends the waiting at once.
    """
    least_s = retry_after_s or 0.0
    if (pauses.count is not None and attempt >= pauses.count) or left_s <= 0 or least_s > left_s:
        return None
    half_s = pauses.envelope_s(attempt) / 2
    share = Random(f"{seed}/{attempt}").random()  # noqa: S311 - chances, no secrets
    return min(max(half_s, least_s) + share * half_s, left_s)


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Seconds from `now` until the time that a Retry-After names, as a number of seconds or as an HTTP date.

    None where there is no such header or it is neither; a date that has passed is 0.
    """
    text = (text or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return None
