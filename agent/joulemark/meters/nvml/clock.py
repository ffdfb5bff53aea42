"""NVML's stamps, which are of the calendar, on the run's clock."""

from __future__ import annotations

STEP_US = 1_000_000
"""A calendar that falls back by more than this was set; no stamp is that late."""


class CalendarClock:
    """What the calendar said when the run's clock said 0, in microseconds since 1970, as readings tell it.

    A field's stamp lies within the call that read it, or before it where the driver stamps the value and not the
    answer: the latest start that any reading tells comes closest. None before the first stamp.
    """

    def __init__(self) -> None:
        self.start_us: int | None = None

    def saw(self, *, calendar_us: int, at_us: int) -> None:
        """An answer at `at_us` of the run's clock was stamped `calendar_us`; 0 is no stamp."""
        if calendar_us <= 0:
            return
        start_us = calendar_us - at_us
        if self.start_us is None or not self.start_us - STEP_US <= start_us <= self.start_us:
            self.start_us = start_us
