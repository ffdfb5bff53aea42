"""Power curves of traces: derived once, by whoever asks first, and stored.

A trace of more than `MAX_REQUEST_BYTES` is left to the sweep: no page waits for it.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from joulemark.energy.errors import EnergyError
from joulemark.energy.power_curve import Band, Phase, PowerCurve, power_curve
from joulemark.record import trace as traces
from joulemark.record.bundle import parse
from joulemark.record.errors import RecordError
from measurements.summaries import models

if TYPE_CHECKING:
    from joulemark.record.bundle import Bundle

logger = logging.getLogger(__name__)

DERIVATION = 1
"""Incremented with any change of what is stored; curves of an older one are derived again when they are asked for."""
MAX_REQUEST_BYTES = 2 * 2**20
"""Of a raw trace that a request reads: about a third of a second's work. A trace may have eight times as much."""
CURVES_PER_SWEEP = 3
"""Larger traces that one sweep reads: some seconds' work."""


def read_power_curve(result_id: str, bundle: Bundle) -> models.PowerCurve:
    """The stored row of a result, derived now where there is none and the trace is not too large for a request."""
    stored = models.PowerCurve.objects.filter(pk=result_id, derivation=DERIVATION).first()
    if stored is not None:
        return stored
    if bundle.statement().predicate.trace.raw_bytes > MAX_REQUEST_BYTES:
        row = models.PowerCurve(pk=result_id, derivation=DERIVATION)
    else:
        row = _derived(result_id, bundle)
    if models.PowerCurve.objects.filter(pk=result_id).exists():
        _update(row)
    else:
        models.PowerCurve.objects.bulk_create([row], ignore_conflicts=True)
    return row


def derive_waiting_curves(*, most: int = CURVES_PER_SWEEP) -> int:
    """Derive the curves that pages were asked for and left to the sweep; returns how many."""
    waiting = models.PowerCurve.objects.filter(content__isnull=True, fault="").select_related("submission")
    rows = list(waiting.order_by("pk")[:most])
    for row in rows:
        _update(_derived(row.pk, parse(bytes(row.submission.bundle))))
    return len(rows)


def curve_of(row: models.PowerCurve) -> PowerCurve | None:
    """The curve that a row stores; None where it has none."""
    if row.content is None:
        return None
    fields: dict[str, Any] = dict(row.content)
    return PowerCurve(
        **fields
        | {name: tuple(fields[name]) for name in ("counter_w", "gauge_w")}
        | {"phases": tuple(Phase(**phase) for phase in fields["phases"])}
        | {"bands": tuple(Band(**band) for band in fields["bands"])}
    )


def _derived(result_id: str, bundle: Bundle) -> models.PowerCurve:
    try:
        trace = traces.parse(traces.unpack(bundle.trace))
        curve = power_curve(trace, bundle.statement().predicate.sensor)
    except (EnergyError, RecordError) as error:
        return models.PowerCurve(pk=result_id, derivation=DERIVATION, fault=str(error))
    return models.PowerCurve(pk=result_id, derivation=DERIVATION, content=asdict(curve))


def _update(row: models.PowerCurve) -> None:
    """Apart from insertions, which change no page: triggers of an upsert count both."""
    models.PowerCurve.objects.filter(pk=row.pk).update(
        derivation=row.derivation, content=row.content, fault=row.fault
    )
