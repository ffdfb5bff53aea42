"""How well the difference of two idle powers is known, from the scatter of the counter's steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from random import Random

import numpy as np
import pytest

from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.changes import Changes
from joulemark.energy.idle import difference_u_w
from joulemark.energy.rests import rests_w
from joulemark.energy.streams import ReadStream
from joulemark.record.trace import Trace
from tests.core.analytic import GPU, Device, Part, Piece, steps, stream, timing, trace

AFTER = 30.0
RUN: list[Part] = [("idle-before", 2.0, 14.0), ("window", 15.0, 28.0), ("idle-after", AFTER, AFTER + 12.0)]


def device(*, after_w: float = 60.0, cooling_w: float = 0.0) -> Device:
    return Device(
        (Piece(15.0, 60.0), Piece(13.0, 300.0), Piece(20.0, after_w, level_w=cooling_w, decay_s=8.0))
    )


def run(of: Device, *, noise_w: float = 0.0, seed: int = 0) -> Trace:
    """Each tenth of a second its own error, as a power meter under the counter has it."""
    chance = Random(seed)  # noqa: S311 - noise, no secret
    told = steps(of, until_s=45.0)
    errors_j: Sequence[float] = list(accumulate(0.1 * noise_w * chance.gauss(0, 1) for _ in told))
    return trace(
        stream([(at_s, joules + error) for (at_s, joules), error in zip(told, errors_j, strict=True)],
               timing=timing()),
        run=RUN,
    )  # fmt: skip


def read(of: Trace) -> tuple[Analysis, float]:
    found = analyse(of, GPU)
    return found, difference_u_w(of, found.streams)


def test_a_quiet_sensor_knows_it_to_its_rounding() -> None:
    assert read(run(device()))[1] < 0.005


def test_power_that_falls_as_a_card_cools_is_no_scatter() -> None:
    found, u_w = read(run(device(cooling_w=10.0)))
    assert found.idle is not None
    assert found.idle.after_w - found.idle.before_w > 3
    assert u_w < 0.02


def test_scatter_is_that_of_two_means() -> None:
    """Of 120 steps each, less the first: the difference of two means of as many errors of 4 W."""
    expected_w = 4.0 * (2 / 119) ** 0.5
    seen_w = [read(run(device(), noise_w=4.0, seed=seed))[1] for seed in range(20)]
    assert sum(seen_w) / len(seen_w) == pytest.approx(expected_w, rel=0.05)


def test_a_drift_beyond_the_scatter_is_flagged_and_what_the_scatter_made_is_not() -> None:
    """5 % of 60 W are 3 W. A sensor that is 1 W off, either way, shows more than that of 2 W now and then."""
    assert read(run(device(after_w=63.7)))[0].flags == ("idle-drift",)
    noisy = [read(run(device(after_w=62.0), noise_w=8.0, seed=seed))[0] for seed in range(40)]
    apart_w = [found.idle.after_w - found.idle.before_w for found in noisy if found.idle is not None]
    assert sum(one > 3.2 for one in apart_w) >= 3
    assert [found.flags for found in noisy if found.flags] == []
    far = [read(run(device(after_w=70.0), noise_w=8.0, seed=seed))[0].flags for seed in range(20)]
    assert far == [("idle-drift",)] * 20


def test_too_few_steps_tell_no_scatter() -> None:
    brief = run(device(), noise_w=4.0)
    short = trace(
        *brief.streams, run=[("idle-before", 13.0, 14.0), RUN[1], ("idle-after", AFTER, AFTER + 1.0)]
    )
    assert read(short)[1] == 0.0


def told_at(stream: ReadStream, *, from_s: float, at_s: float) -> ReadStream:
    """The same counter, whose changes from `from_s` on are all told at one time."""
    assert stream.settling is not None
    changes = stream.settling.changes
    low_s, high_s = (np.where(t_s >= from_s, at_s, t_s) for t_s in (changes.low_s, changes.high_s))
    one_time = Changes(low_s=low_s, high_s=high_s, energy_j=changes.energy_j)
    return replace(stream, settling=replace(stream.settling, changes=one_time))


def test_changes_at_one_time_have_no_power() -> None:
    """A trace may state them; a power without end would be in no rule's words and in no answer's JSON."""
    of = run(device(), noise_w=4.0)
    (stream,) = read(of)[0].streams
    streams = (told_at(stream, from_s=AFTER, at_s=AFTER + 1.0),)
    assert 0 < difference_u_w(of, streams) < difference_u_w(of, (stream,))
    late = (told_at(stream, from_s=28.0, at_s=AFTER + 1.0),)
    assert len(rests_w(late)) == len(rests_w((stream,))) - 1
    assert np.isfinite(rests_w(late)).all()
