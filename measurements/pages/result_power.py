"""The power over the time of a run, as its page shows it: the plot, the numbers beside it, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext

from measurements.display.numbers import significant, whole
from measurements.display.power_plot import StepCurve, Stretch, power_plot
from measurements.display.templatetags.figures import seconds, watts
from measurements.display.term_titles import PHASES
from measurements.summaries.power_curves import curve_of

if TYPE_CHECKING:
    from joulemark.energy.power_curve import Band, Phase, PowerCurve
    from measurements.display.drawing import Drawing
    from measurements.summaries import models


@dataclass(frozen=True, kw_only=True)
class PhaseRow:
    """A line of the table beside the plot."""

    phase: Phase

    @property
    def title(self) -> str:
        """The kind of the spans, in the reader's language."""
        return str(PHASES[self.phase.kind])

    @property
    def counter_w(self) -> float | None:
        """Mean power by the counter."""
        return None if self.phase.counter_j is None else self.phase.counter_j / self.phase.seconds

    @property
    def difference(self) -> float | None:
        """The energy by the power readings over that by the counter, less 1; None where one is not powers_w."""
        if not self.phase.counter_j or self.phase.gauge_j is None:
            return None
        return self.phase.gauge_j / self.phase.counter_j - 1


@dataclass(frozen=True, kw_only=True)
class ResultPower:
    """What a result's page shows of its trace. Without `curve` there is a `fault`, or the curve `waits`."""

    curve: PowerCurve | None
    plot: Drawing | None
    rows: list[PhaseRow]
    fault: str

    @property
    def waits(self) -> bool:
        """Whether the sweep will derive the curve."""
        return self.curve is None and not self.fault

    @property
    def has_gauge(self) -> bool:
        """Whether the run has power readings."""
        return self.curve is not None and any(power is not None for power in self.curve.gauge_w)

    @property
    def is_merged(self) -> bool:
        """Whether neighbouring spans are drawn as one."""
        return self.curve is not None and any(band.n_spans > 1 for band in self.curve.bands)


def result_power(row: models.PowerCurve) -> ResultPower:
    """The stored curve as a page shows it."""
    curve = curve_of(row)
    if curve is None:
        return ResultPower(curve=None, plot=None, rows=[], fault=row.fault)
    return ResultPower(
        curve=curve,
        plot=_plot(curve),
        rows=[PhaseRow(phase=phase) for phase in curve.phases],
        fault="",
    )


def _plot(curve: PowerCurve) -> Drawing | None:
    length_s = curve.step_s * len(curve.counter_w)
    powers_w = [power for power in curve.counter_w if power is not None]
    curves = [StepCurve(name="counter", watts=curve.counter_w)]
    if curve.gauge_w:
        curves.append(StepCurve(name="gauge", watts=curve.gauge_w))
    return power_plot(
        curves,
        [_stretch(band, curve.start_s) for band in curve.bands],
        length_s=length_s,
        title=gettext("Power over the time of the run"),
        description=gettext(
            "From %(low)s to %(high)s by the energy counter, in %(n)s steps. "
            "The table below has the energy of each phase."
        )
        % {
            "low": watts(min(powers_w)) if powers_w else "–",  # noqa: RUF001 - a dash for nothing
            "high": watts(max(powers_w)) if powers_w else "–",  # noqa: RUF001 - the same
            "n": whole(len(curve.counter_w)),
        },
        caption=gettext("horizontal: seconds since the run began; vertical: watts, from zero"),
    )


def _stretch(band: Band, start_s: float) -> Stretch:
    title = str(PHASES[band.kind])
    if band.n_spans > 1:
        title = gettext("%(phase)s, %(n)s in a row") % {"phase": title, "n": whole(band.n_spans)}
    return Stretch(
        kind=band.kind,
        start_s=band.start_s - start_s,
        end_s=band.end_s - start_s,
        text=f"{title}: {significant(band.start_s - start_s)} – {seconds(band.end_s - start_s)}",  # noqa: RUF001
    )
