"""The stratum of a result: under which configuration of software and device it was measured."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from joulemark.record.stated import stated

if TYPE_CHECKING:
    from joulemark.record.statement import Predicate

LOWERED = 0.99
"""A power limit below this share of the default is a stratum of its own."""

WHOLE_EDPP = 100
"""Per cent: the multiplier of EDPp that changes nothing."""

MOST_STRATUM = 60
"""Characters that a stratum has at most."""


def stratum_of(predicate: Predicate) -> str:
    """The stratum of a result: number format, batch size, and whether the power limit was lowered.

    On a processor also the threads that shared an operator, and a quota that leaves the process less time than its
    affinity. Results of agents that did not state these have none of it in their stratum, and stand apart. On a GPU
    also what its firmware was told to do otherwise than by default (`_controls_of`).
    """
    limit_w, default_w = predicate.device.power_limit_w, predicate.device.power_limit_default_w
    power = "lowered" if _is_lowered(limit_w, default_w) else "default"
    base = f"{predicate.workload.dtype}.b{predicate.workload.batch_size}.power-{power}{_parallelism_of(predicate)}"
    return _fitting(base, _controls_of(predicate))


def _controls_of(predicate: Predicate) -> str:
    """Workload power profiles, power smoothing, EDPp, a module's lowered limit and lowered clocks; no word by default.

    What a card cannot tell is as by default: its kind does not offer it, or no agent could have set it.
    """
    controls = stated(predicate.power_controls, otherwise=None)
    if controls is None:
        return ""
    words = []
    if controls.workload_profiles:
        words.append("profile-" + "-".join(map(str, sorted(set(controls.workload_profiles)))))
    if controls.smoothing:
        words.append(
            "smoothing" if controls.smoothing_profile is None else f"smoothing-{controls.smoothing_profile}"
        )
    if controls.edpp_percent not in (None, WHOLE_EDPP):
        words.append(f"edpp-{controls.edpp_percent}")
    if _is_lowered(controls.module_limit_w, controls.module_limit_default_w):
        words.append("module-lowered")
    if _is_lowered(controls.application_clock_mhz, controls.application_clock_default_mhz):
        words.append("clock-lowered")
    return "".join(f".{word}" for word in words)


def _is_lowered(value: float | None, default: float | None) -> bool:
    return value is not None and default is not None and value < default * LOWERED


def _fitting(base: str, controls: str) -> str:
    """The whole, or with a digest in place of what is too long for the column."""
    if len(base + controls) <= MOST_STRATUM:
        return base + controls
    return f"{base}.controls-{hashlib.sha256(controls.encode()).hexdigest()[:12]}"


def _parallelism_of(predicate: Predicate) -> str:
    """The energy of a GPU's board hardly depends on the threads of its host."""
    stated_parallelism = stated(predicate.parallelism, otherwise=None)
    if predicate.device.kind != "cpu" or stated_parallelism is None:
        return ""
    threads, quota = stated_parallelism.intra_op_threads, stated_parallelism.cpu_quota
    limited = quota is not None and quota < predicate.host.cpu_count
    words = [f".threads-{threads}"] if threads is not None else []
    return "".join([*words, *([f".quota-{quota:.4g}"] if limited else [])])
