"""The `bracket` estimator: settled ticks on both sides of a window, minus what the device drew at rest between them.

A counter tells late, in steps, and perhaps blurred. So a window's energy is not the difference at its edges: it is

    E = (e_c - e_b) - rest(t_b - d, start) - rest(end, t_c - d)

b is the last tick before the start, in a stretch that has settled; c the first tick after the counter has settled
behind the end; d how late the counter tells, on average. `rest` is the fitted power at rest (`rest_power`). A part-time
counter is right on average only: windows then begin at many phases of its period (`phases`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum, hypot, inf
from typing import TYPE_CHECKING

import numpy as np

from joulemark.energy.changes import Changes
from joulemark.energy.errors import TraceIncomplete
from joulemark.energy.rest_power import RestPower, Steps, fit_rest_power, rest_powers_at, settled_steps
from joulemark.energy.stretches import Stretch, around_windows, stretches
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from joulemark.record.trace import Timing, Trace


SHARP = 0.25
"""A change counts as sharp when its time is known to this share of the counter's period."""
LEAST_SHARP = 0.5
"""Sharp changes are taken alone where at least this share of all changes in the settled rests is sharp. Where a reading
costs about a quarter of the period, a few are sharp by chance, and a power at rest from these few is no better known
than from all."""
DELAY_SHARE = 0.1
"""The probe knows the delay to about a tenth of itself, and no better than a tenth of the counter's period."""


@dataclass(frozen=True, kw_only=True)
class Bracketed:
    """One stream's windows, and what their uncertainty is made of.

    `energy_j` is gross, a value a window. `edge_j` is the standard uncertainty of each window's energy from the times
    of its two ticks, and independent from window to window. `idle_j` is that of the sum over all windows, from the
    power at rest.
    """

    energy_j: tuple[float, ...]
    edge_j: tuple[float, ...]
    idle_j: float
    rest: RestPower
    around: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class _Ticks:
    """b and c of one window: indices into the changes, and the window's edges in seconds."""

    b: int
    c: int
    before: int
    after: int
    start_s: float
    end_s: float


def bracket(changes: Changes, trace: Trace, timing: Timing) -> Bracketed:
    """Every window of `trace`, from the changes of one stream.

    Changes whose time is known to a part of the counter's period are taken; where most are not, or a window lacks one,
    all are, and its uncertainty grows. Raises TraceIncomplete when a window lacks a settled tick on one side.
    """
    try:
        return _bracket(_usable(changes, trace, timing), trace, timing)
    except TraceIncomplete:
        return _bracket(changes, trace, timing)


def window_energies_j(changes: Changes, trace: Trace, timing: Timing) -> tuple[float, ...]:
    """The energies alone, without what they are uncertain by. Raises as `bracket` does."""
    try:
        return _energies_of(_usable(changes, trace, timing), trace, timing)
    except TraceIncomplete:
        return _energies_of(changes, trace, timing)


def _usable(changes: Changes, trace: Trace, timing: Timing) -> Changes:
    """The sharp changes, or all where less than `LEAST_SHARP` of those in the settled rests are sharp."""
    within_s, settle_s = SHARP * timing.period_us / 1e6, timing.settle_us / 1e6
    sharp = np.concatenate(([0], np.cumsum(changes.high_s - changes.low_s <= within_s)))
    n_changes = n_sharp = 0
    for stretch in stretches(trace):
        first, behind = changes.between(stretch.start_s + settle_s, stretch.end_s)
        n_changes += behind - first
        n_sharp += int(sharp[behind] - sharp[first])
    return changes.sharp(within_s) if n_sharp >= LEAST_SHARP * n_changes else changes


def _energies_of(changes: Changes, trace: Trace, timing: Timing) -> tuple[float, ...]:
    quiet, around = stretches(trace), around_windows(trace)
    rest, ticks = _fitted(changes, quiet, around, trace, timing)[1:]
    return _energies(changes, ticks, rest, timing.delay_us / 1e6)


def _fitted(
    changes: Changes,
    quiet: tuple[Stretch, ...],
    around: tuple[tuple[int, int], ...],
    trace: Trace,
    timing: Timing,
) -> tuple[Steps, RestPower, list[_Ticks]]:
    """The settled steps, the power at rest that fits them, and b and c of every window."""
    settle_s, delay_s = timing.settle_us / 1e6, timing.delay_us / 1e6
    ticks = [
        _ticks(changes, quiet, number, pair, span.start_us / 1e6, span.end_us / 1e6, settle_s)
        for number, (pair, span) in enumerate(zip(around, trace.windows(), strict=True), 1)
    ]
    steps = settled_steps(changes, quiet, settle_s=settle_s, delay_s=delay_s)
    return steps, fit_rest_power(steps, quiet, settle_s=settle_s), ticks


def _bracket(changes: Changes, trace: Trace, timing: Timing) -> Bracketed:
    quiet, around = stretches(trace), around_windows(trace)
    steps, rest, ticks = _fitted(changes, quiet, around, trace, timing)
    delay_s = timing.delay_us / 1e6
    energies = _energies(changes, ticks, rest, delay_s)
    return Bracketed(
        energy_j=energies,
        edge_j=tuple(_edge_j(changes, window, rest, delay_s) for window in ticks),
        idle_j=_idle_j(changes, ticks, rest, steps, timing=timing, total_j=fsum(energies)),
        rest=rest,
        around=around,
    )


def _ticks(
    changes: Changes,
    quiet: tuple[Stretch, ...],
    number: int,
    pair: tuple[int, int],
    start_s: float,
    end_s: float,
    settle_s: float,
) -> _Ticks:
    before, after = pair
    b = changes.last_before(start_s)
    if b is None or changes.low_s[b] < quiet[before].start_s + settle_s:
        raise TraceIncomplete(
            _("Window {number} has no settled tick before its start.").format(number=number)
        )
    c = changes.first_after(end_s + settle_s)
    if c is None or changes.high_s[c] > quiet[after].end_s:
        raise TraceIncomplete(_("Window {number} has no settled tick after its end.").format(number=number))
    return _Ticks(b=b, c=c, before=before, after=after, start_s=start_s, end_s=end_s)


def _energies(changes: Changes, ticks: list[_Ticks], rest: RestPower, delay_s: float) -> tuple[float, ...]:
    middle_s = changes.middle_s() - delay_s
    return tuple(
        float(changes.energy_j[window.c] - changes.energy_j[window.b])
        - rest.energy_j(window.before, float(middle_s[window.b]), window.start_s)
        - rest.energy_j(window.after, window.end_s, float(middle_s[window.c]))
        for window in ticks
    )


def _edge_j(changes: Changes, window: _Ticks, rest: RestPower, delay_s: float) -> float:
    """Each tick lies anywhere between two reads: a rectangular distribution times the power at rest; and its energy
    anywhere within the counter's resolution, where that is coarser than its unit.
    """
    middle_s = changes.middle_s()
    parts = [
        (changes.high_s[tick] - changes.low_s[tick])
        / 12**0.5
        * rest.power_w(stretch, float(middle_s[tick]) - delay_s)
        for tick, stretch in ((window.b, window.before), (window.c, window.after))
    ]
    return hypot(*parts, *[changes.resolution_j / 12**0.5] * 2)


def _idle_j(
    changes: Changes,
    ticks: list[_Ticks],
    rest: RestPower,
    steps: Steps,
    *,
    timing: Timing,
    total_j: float,
) -> float:
    """Levels, decay and delay, each carried through to the sum over the windows, in joules."""
    delay_s = timing.delay_us / 1e6
    middle_s = changes.middle_s() - delay_s
    shares = np.zeros(len(rest.stretches))
    differences_w = 0.0
    for window in ticks:
        b_s, c_s = float(middle_s[window.b]), float(middle_s[window.c])
        shares[window.before] += rest.share_s(window.before, b_s, window.start_s)
        shares[window.after] += rest.share_s(window.after, window.end_s, c_s)
        differences_w += rest.power_w(window.after, c_s) - rest.power_w(window.before, b_s)
    levels_j = float(np.sqrt(((shares * rest.level_u_w) ** 2).sum()))
    decay_j = 0.0
    if rest.ln_decay_u and rest.decay_s != inf:
        width = 0.1
        decays_s = [rest.decay_s * float(np.exp(sign * width)) for sign in (-1, 1)]
        sums = [
            fsum(_energies(changes, ticks, other, delay_s))
            for other in rest_powers_at(steps, rest.stretches, decays_s)
        ]
        decay_j = max(abs(sum_j - total_j) for sum_j in sums) / width * rest.ln_decay_u
    delay_u_s = max(timing.period_us, timing.delay_us) / 1e6 * DELAY_SHARE
    return float(np.sqrt(levels_j**2 + decay_j**2 + (delay_u_s * differences_w) ** 2))
