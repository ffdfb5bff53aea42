"""Limits of time that hold on a machine of one's own, and are longer where others want its processors too."""

from __future__ import annotations

import os


def on_this_machine(limit_s: float) -> float:
    """The limit, times the number of processes that want each processor; never less than the limit."""
    return limit_s * max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)
