"""The quiet stretches of a run: what lies between one piece of work and the next."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, get_args

from joulemark.energy.errors import TraceIncomplete
from joulemark.record.trace import BusyKind
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.record.trace import Span, Trace

BUSY = frozenset(get_args(BusyKind))


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """From the end of one piece of work to the start of the next, in seconds on the trace's clock.

    `start_s` is -inf before the first piece of work and `end_s` inf after the last.
    """

    start_s: float
    end_s: float


def stretches(trace: Trace) -> tuple[Stretch, ...]:
    """The quiet stretches in order; the trace's spans must be in order."""
    edges = [(-inf, -inf), *((s.start_us / 1e6, s.end_us / 1e6) for s in _busy(trace)), (inf, inf)]
    return tuple(Stretch(start_s=before[1], end_s=after[0]) for before, after in pairwise(edges))


def around_windows(trace: Trace) -> tuple[tuple[int, int], ...]:
    """For each window the indices in `stretches` of what lies before it and after it.

    Raises TraceIncomplete where two windows follow each other without a rest between them.
    """
    busy = list(_busy(trace))
    for first, second in pairwise(busy):
        if second.start_us <= first.end_us:
            raise TraceIncomplete(
                _("There is no rest between {end_us} us and the next {kind}.").format(
                    end_us=first.end_us, kind=second.kind
                )
            )
    return tuple((number, number + 1) for number, span in enumerate(busy) if span.kind == "window")


def _busy(trace: Trace) -> tuple[Span, ...]:
    return tuple(span for span in trace.spans if span.kind in BUSY)
