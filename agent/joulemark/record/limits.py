"""Size limits of format version 1. Both sides apply them: the agent before it sends, the platform before it reads."""

from __future__ import annotations

MAX_BUNDLE_BYTES = 2 * 1024 * 1024
"""Largest bundle or envelope that a platform accepts, in bytes."""

MAX_TRACE_BYTES = 16 * 1024 * 1024
"""Largest raw trace after decompression, in bytes."""

MAX_BATCH_BUNDLES = 64
"""Most bundles in one request to the batch door."""

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Largest body of such a request, in bytes."""

READS_A_SECOND = 200
"""How often a sensor is read at most: every 5 ms, while the device rests; beside the work ten times a second."""

MAX_SENSORS = 8
"""Sensors that are read: a card's counter and power, packages and memory of two processors, processor time."""

NUMBERS_A_READING = 4
"""When, what, the driver's own stamp, and how long the reading took."""

LONGEST_SESSION_S = 6 * 3600
"""Three times what the longest suite gives a job."""

NUMBERS_BESIDE_READINGS = 200_000
"""Of a trace however short its session: sizes of 100,000 queries, 20,000 spans, and what else no clock reads."""


def max_trace_numbers(session_s: float) -> int:
    """The most numbers that a trace of a session of `session_s` seconds can have.

    A query takes two numbers, so that where one sensor is read there is room for 2,800 queries a second beside it.
    """
    seconds = min(max(session_s, 0.0), LONGEST_SESSION_S)
    return NUMBERS_BESIDE_READINGS + int(seconds * READS_A_SECOND * MAX_SENSORS * NUMBERS_A_READING)
