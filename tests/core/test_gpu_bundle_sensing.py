"""What the sweep of a bare GPU machine says of sensors whose answers are known in closed form."""

from __future__ import annotations

import json

import numpy as np
import pytest

from benchmarks.gpu_bundle import build, check, markdown
from benchmarks.gpu_bundle.sensing import (
    Levels,
    counter_lag_s,
    power_lag_s,
    share_seen,
    spread_of,
    steps_of,
    true_energy_j,
)
from tests.core.analytic import Device, Piece, steps

LEVELS = Levels(rest_w=60.0, load_w=350.0)
PULSES = [(2.0, 3.0), (4.0, 4.25), (5.0, 6.5)]
SECONDS = (2.0, 1.0, 1.0, 0.25, 0.75, 1.5, 3.5)
DEVICE = Device(tuple(Piece(seconds, 350.0 if n % 2 else 60.0) for n, seconds in enumerate(SECONDS)))


def test_the_true_energy_is_the_integral_of_the_pulses() -> None:
    at_s = np.linspace(0.0, 9.0, 181)
    assert true_energy_j(PULSES, LEVELS, at_s) == pytest.approx([DEVICE.energy_j(t) for t in at_s], abs=1e-9)
    assert true_energy_j([], LEVELS, at_s) == pytest.approx(60.0 * at_s)


@pytest.mark.parametrize("lag_s", [0.0, 0.05, 0.13, 0.5])
def test_a_lag_is_found_to_the_grid(lag_s: float) -> None:
    told = steps(DEVICE, until_s=9.5, lag_s=lag_s)
    t_s, energy_j = (np.array(column) for column in zip(*told, strict=True))
    assert counter_lag_s(t_s, energy_j, PULSES, LEVELS) == pytest.approx(lag_s, abs=0.003)
    instants = np.arange(0.5, 9.5, 0.01)
    powers_w = np.array([DEVICE.between_j(t - lag_s - 1e-4, t - lag_s) * 1e4 for t in instants])
    assert power_lag_s(instants, powers_w, PULSES, LEVELS) == pytest.approx(lag_s, abs=0.012)


def test_steps_tell_distances_and_resolution() -> None:
    t_s = np.arange(0, 2, 0.01)
    found = steps_of(t_s, (np.floor(t_s / 0.1 + 1e-9) * 3000).astype(np.int64))
    assert (found.changes, found.resolution) == (19, 3000)
    assert (found.median_s, found.p05_s, found.p95_s) == pytest.approx((0.1, 0.1, 0.1), abs=0.011)
    assert steps_of(t_s, np.zeros(len(t_s), dtype=np.int64)).median_s is None


def test_the_share_that_is_seen_is_1_of_a_sensor_that_misses_nothing() -> None:
    energy_j = DEVICE.between_j(1.0, 9.0)
    assert share_seen(energy_j, seconds=8.0, on_s=2.75, levels=LEVELS) == pytest.approx(1.0)
    assert share_seen(480.0, seconds=8.0, on_s=2.75, levels=LEVELS) == pytest.approx(0.0)
    assert share_seen(480.0, seconds=8.0, on_s=0.0, levels=LEVELS) is None
    assert spread_of([0.5, 1.5]) == {"lowest": 0.5, "highest": 1.5, "mean": 1.0, "cells": 2}


def test_a_report_of_which_every_part_failed_is_a_page() -> None:
    parts = {name: {"state": "timed-out", "seconds": 1.0, "report": None} for name in check.LIMITS_S}
    page = markdown.rendered({"began_at": "now", "parts": parts})
    assert page.count("timed-out") == len(check.LIMITS_S)
    assert "rehearsal" not in page
    assert "A rehearsal" in markdown.rendered({"rehearsal": True, "parts": {}})


def test_all_parts_together_take_less_than_eight_minutes() -> None:
    assert sum(check.LIMITS_S.values()) <= check.WHOLE_S <= 480


def test_what_is_no_number_is_null_and_the_file_is_whole(tmp_path: object) -> None:
    assert check.finite({"a": [float("nan"), 1.0, (float("inf"),)], 2: "x"}) == {
        "a": [None, 1.0, [None]],
        "2": "x",
    }
    json.dumps(check.finite({"a": float("-inf")}), allow_nan=False)


def test_every_package_of_the_bundle_is_locked_with_its_digests() -> None:
    locked = build.locked(build.LOCK.read_text(encoding="utf-8"))
    for name in build.PACKAGES:
        assert locked[name].startswith(f"{name}=="), name
        assert "--hash=sha256:" in locked[name]
