"""What a number here means, how far boards' own power sensors may be off, and what a signature does not prove."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from joulemark.energy.sensors import COVERAGE_FACTOR, sensor_error
from joulemark.suite.published import load_study
from measurements.answer_cache.sources import made_of
from measurements.catalog.sources import CATALOG
from measurements.pages.suite_hints import suite_hints

LIGHT_W, FULL_W = 60.0, 300.0
"""Mean powers for which the pages say what a sensor may be off by: a board that is hardly busy, and one at work."""


@dataclass(frozen=True, kw_only=True)
class SensorFacts:
    """Of a board of which nothing is known, k = 2: relative, in watts, and together at two loads, relative."""

    gain: float
    offset_w: float
    light: float
    full: float


def unknown_sensor() -> SensorFacts:
    """What is said of a board of a design that nobody has measured. Raises LookupError if the table has no offset."""
    error = sensor_error("nvml-counter")
    if error is None or error.offset_u_w is None:
        raise LookupError("The table of boards says nothing of the zero of their sensors.")
    return SensorFacts(
        gain=COVERAGE_FACTOR * error.gain_u,
        offset_w=COVERAGE_FACTOR * error.offset_u_w,
        light=COVERAGE_FACTOR * error.relative_u(LIGHT_W),
        full=COVERAGE_FACTOR * error.relative_u(FULL_W),
    )


@made_of(CATALOG)
@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What a number here means, and what a signature does not prove."""
    context = {"study": load_study(), "sensor": unknown_sensor(), "suites": suite_hints()}
    return render(request, "pages/about.html", context)
