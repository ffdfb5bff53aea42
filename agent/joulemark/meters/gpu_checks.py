"""The state of a GPU at rest: what would spoil every number, and what belongs to a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.energy.flags import LIMIT_WITHIN_MW
from joulemark.meters import nvml_errors
from joulemark.meters.check import Check, not_available
from joulemark.meters.gpu_processes import OurProcesses, using_pids
from joulemark.meters.nvml_card import Absent
from joulemark.meters.nvml_conditions import COMPUTE, GPU_SENSOR, GRAPHICS, LIMIT, MIG, TEMPERATURE, THROTTLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.meters.nvml_card import Card

RESTING_PERCENT = 5
POWER_CAP = 0x4
SLOWING = {
    0x8: "the hardware slows it down",
    0x20: "its driver slows it down for heat",
    0x40: "its hardware slows it down for heat",
    0x80: "its power supply brakes it",
}
"""Bits of NVML's clock event reasons (NVML API reference, nvmlClocksEventReasons)."""


def checks(card: Card, ours: OurProcesses, *, on_gpu: bool) -> Iterator[Check]:
    """In order. Raises MeterUnavailable when the GPU is gone."""
    yield _driver(card)
    yield _persistence(card)
    yield _mig(card)
    yield _processes(card, ours, on_gpu=on_gpu)
    yield _utilisation(card)
    yield _power_limit(card)
    yield _ecc(card)
    yield _temperature(card)
    yield _throttle(card)


def _driver(card: Card) -> Check:
    version = card.driver_version()
    if isinstance(version, Absent):
        return not_available("driver", version.reason, "The driver does not tell its version.")
    return Check(name="driver", value=version, state="ok", sentence=f"The NVIDIA driver is {version}.")


def _persistence(card: Card) -> Check:
    name, mode = "persistence-mode", _told(card, "nvmlDeviceGetPersistenceMode")
    if isinstance(mode, Absent):
        return not_available(name, mode.reason, "Whether persistence mode is on is not told here.")
    if mode:
        return Check(name=name, value=True, state="ok", sentence="Persistence mode is on.")
    return Check(
        name=name,
        value=False,
        state="warning",
        sentence="Persistence mode is off, so the driver may unload between runs and count from 0 again.",
        mend="Switch it on: sudo nvidia-smi -pm 1",
    )


def _mig(card: Card) -> Check:
    modes = _told(card, *MIG)
    if isinstance(modes, Absent):
        return not_available(
            "mig", modes.reason, "Whether the GPU is cut into slices (MIG) is not told here."
        )
    if not modes[0]:
        return Check(name="mig", value=False, state="ok", sentence="The GPU is not cut into slices (MIG).")
    return Check(
        name="mig",
        value=True,
        state="noisy",
        sentence="The GPU is cut into slices (MIG), whose energy cannot be told apart.",
        mend="Switch MIG off: sudo nvidia-smi -mig 0",
    )


def _processes(card: Card, ours: OurProcesses, *, on_gpu: bool) -> Check:
    name, compute, graphics = "foreign-processes", _told(card, *COMPUTE), _told(card, *GRAPHICS)
    if isinstance(compute, Absent):
        return not_available(name, compute.reason, "The GPU does not list its processes here.")
    if isinstance(graphics, Absent):
        return not_available(name, graphics.reason, "The GPU does not list its processes here.")
    pids = using_pids(compute, graphics)
    count = ours.foreign(pids, on_gpu=on_gpu)
    if not count:
        return Check(name=name, value=0, state="ok", sentence="No other process is on the GPU.")
    numbers = ", ".join(str(pid) for pid in ours.suspects(pids))
    among = "" if ours.known else "among "
    drawing = pids - using_pids(compute, ())
    return Check(
        name=name,
        value=count,
        state="noisy",
        sentence=f"{count} other process{'es are' if count > 1 else ' is'} on the GPU ({among}process {numbers}).",
        mend="Log out of the desktop, or stop what draws on this GPU: sudo systemctl isolate multi-user.target"
        if drawing == pids
        else "End it (`ps -fp NUMBER` names it), or measure when the GPU is yours alone.",
    )


def _utilisation(card: Card) -> Check:
    name, rates = "utilisation-percent", _told(card, "nvmlDeviceGetUtilizationRates")
    if isinstance(rates, Absent):
        return not_available(name, rates.reason, "How busy the GPU is is not told here.")
    percent = int(rates.gpu)
    if percent <= RESTING_PERCENT:
        return Check(name=name, value=percent, state="ok", sentence=f"The GPU rests ({percent} % busy).")
    return Check(
        name=name,
        value=percent,
        state="noisy",
        sentence=f"The GPU is {percent} % busy before anything is measured.",
        mend="Wait until its work is done.",
    )


def _power_limit(card: Card) -> Check:
    name, limit_mw = "power-limit-w", _told(card, *LIMIT)
    default_mw = _told(card, "nvmlDeviceGetPowerManagementDefaultLimit")
    if isinstance(limit_mw, Absent):
        return not_available(name, limit_mw.reason, "The power limit is not told here.")
    limit_w = limit_mw / 1000
    if isinstance(default_mw, Absent):
        sentence = f"The power limit is {limit_w:g} W; its default is not told here."
        return Check(name=name, value=limit_w, state="ok", sentence=sentence, reason=default_mw.reason)
    default_w = default_mw / 1000
    if limit_w >= default_w - LIMIT_WITHIN_MW / 1000:
        sentence = f"The power limit is {limit_w:g} W, with a default of {default_w:g} W."
        return Check(name=name, value=limit_w, state="ok", sentence=sentence)
    return Check(
        name=name,
        value=limit_w,
        state="warning",
        sentence=f"The power limit is {limit_w:g} W, below the default of {default_w:g} W: results are kept apart.",
        mend=f"To compare with others: sudo nvidia-smi -pl {default_w:g}",
    )


def _ecc(card: Card) -> Check:
    modes = _told(card, "nvmlDeviceGetEccMode")
    if isinstance(modes, Absent):
        return not_available(
            "ecc", modes.reason, "Whether memory errors are corrected (ECC) is not told here."
        )
    sentence = f"Error correction of the memory (ECC) is {'on' if modes[0] else 'off'}."
    return Check(name="ecc", value=bool(modes[0]), state="ok", sentence=sentence)


def _temperature(card: Card) -> Check:
    name, celsius = "temperature-c", _told(card, *TEMPERATURE, arguments=(GPU_SENSOR,))
    if isinstance(celsius, Absent):
        return not_available(name, celsius.reason, "The GPU's temperature is not told here.")
    return Check(name=name, value=int(celsius), state="ok", sentence=f"The GPU is at {int(celsius)} C.")


def _throttle(card: Card) -> Check:
    name, mask = "throttle-mask", _told(card, *THROTTLE)
    if isinstance(mask, Absent):
        return not_available(name, mask.reason, "Why clocks are held back is not told here.")
    slowing = [words for bit, words in SLOWING.items() if mask & bit]
    if slowing:
        return Check(
            name=name,
            value=int(mask),
            state="noisy",
            sentence=f"The GPU is held back at rest: {' and '.join(slowing)}.",
            mend="Look at its cooling and its power supply.",
        )
    if mask & POWER_CAP:
        sentence = "The GPU's clocks are held back by its power limit even at rest."
        return Check(name=name, value=int(mask), state="warning", sentence=sentence)
    return Check(name=name, value=int(mask), state="ok", sentence="Nothing holds the GPU's clocks back.")


def _told(card: Card, *functions: str, arguments: tuple[Any, ...] = ()) -> Any | Absent:
    """The answer of the first of `functions` that gives one, or Absent with the reason of the first.

    Raises MeterUnavailable when the GPU is gone.
    """
    reasons = []
    for function in functions:
        try:
            return card.call(function, *arguments)
        except card.nvml.NVMLError as error:
            if not (nvml_errors.may_pass(card.nvml, error) or nvml_errors.is_forbidden(card.nvml, error)):
                raise nvml_errors.unavailable(card.nvml, error) from error
            reasons.append(nvml_errors.reason(card.nvml, error))
    return Absent(reason=reasons[0])
