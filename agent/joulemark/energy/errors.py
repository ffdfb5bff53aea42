"""Errors of the energy room.

EnergyError
├── TraceIncomplete             the trace does not cover what is asked of it
├── CounterWentBackwards        a counter that does not wrap fell
├── TraceInconsistent           columns of unequal length, times that run backwards, values beyond the modulus
└── NotMeasurable               the sensor cannot tell the energy of this work, however exact its readings are
"""

from __future__ import annotations


class EnergyError(Exception):
    """No energy can be computed from this trace; `str(error)` says where it fails."""


class TraceIncomplete(EnergyError):
    """Ticks, streams, spans or queries that are needed are missing."""


class CounterWentBackwards(EnergyError):
    """A counter without a modulus fell: the driver was reloaded, or it is no counter."""


class TraceInconsistent(EnergyError):
    """The trace contradicts itself."""


class NotMeasurable(EnergyError):
    """The work is shorter than what the sensor looks at, and there is too little of it."""
