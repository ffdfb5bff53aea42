"""The state of a GPU at rest: what would spoil every number, and what belongs to a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.energy.flags import LIMIT_WITHIN_MW
from joulemark.meters.check import Check, not_available
from joulemark.meters.nvml import errors as nvml_errors
from joulemark.meters.nvml.card import Absent
from joulemark.meters.nvml.conditions import COMPUTE, GPU_SENSOR, GRAPHICS, LIMIT, MIG, TEMPERATURE, THROTTLE
from joulemark.meters.nvml.processes import OurProcesses, using_pids
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.meters.nvml.card import Card

RESTING_PERCENT = 5
POWER_CAP = 0x4
SLOWING = {
    0x8: marked("the hardware throttles it"),
    0x20: marked("its driver throttles it because of heat"),
    0x40: marked("its hardware throttles it because of heat"),
    0x80: marked("its power supply throttles it"),
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
        return not_available("driver", version.reason, _("The driver does not report its version."))
    return Check(
        name="driver",
        value=version,
        state="ok",
        sentence=_("The NVIDIA driver is {version}.").format(version=version),
    )


def _persistence(card: Card) -> Check:
    name, mode = "persistence-mode", _read_first_offered(card, "nvmlDeviceGetPersistenceMode")
    if isinstance(mode, Absent):
        return not_available(name, mode.reason, _("The driver does not report persistence mode."))
    if mode:
        return Check(name=name, value=True, state="ok", sentence=_("Persistence mode is on."))
    return Check(
        name=name,
        value=False,
        state="warning",
        sentence=_(
            "Persistence mode is off, so the driver may unload between runs and restart its counter at 0."
        ),
        mend=_("Enable it: sudo nvidia-smi -pm 1"),
    )


def _mig(card: Card) -> Check:
    modes = _read_first_offered(card, *MIG)
    if isinstance(modes, Absent):
        return not_available(
            "mig", modes.reason, _("The driver does not report whether the GPU is partitioned (MIG).")
        )
    if not modes[0]:
        return Check(name="mig", value=False, state="ok", sentence=_("The GPU is not partitioned (MIG)."))
    return Check(
        name="mig",
        value=True,
        state="noisy",
        sentence=_("The GPU is partitioned (MIG), and the energies of its slices cannot be separated."),
        mend=_("Disable MIG: sudo nvidia-smi -mig 0"),
    )


def _processes(card: Card, ours: OurProcesses, *, on_gpu: bool) -> Check:
    name, compute, graphics = (
        "foreign-processes",
        _read_first_offered(card, *COMPUTE),
        _read_first_offered(card, *GRAPHICS),
    )
    if isinstance(compute, Absent):
        return not_available(name, compute.reason, _("The GPU does not list its processes."))
    if isinstance(graphics, Absent):
        return not_available(name, graphics.reason, _("The GPU does not list its processes."))
    pids = using_pids(compute, graphics)
    count = ours.foreign(pids, on_gpu=on_gpu)
    if not count:
        return Check(name=name, value=0, state="ok", sentence=_("No other process is on the GPU."))
    numbers = ", ".join(str(pid) for pid in ours.suspects(pids))
    sentence = (
        ngettext(
            "{count} other process is on the GPU (process {numbers}).",
            "{count} other processes are on the GPU (process {numbers}).",
            count,
        )
        if ours.knows_own_pid
        else ngettext(
            "{count} other process is on the GPU (among process {numbers}).",
            "{count} other processes are on the GPU (among process {numbers}).",
            count,
        )
    )
    drawing = pids - using_pids(compute, ())
    return Check(
        name=name,
        value=count,
        state="noisy",
        sentence=sentence.format(count=count, numbers=numbers),
        mend=_(
            "Log out of the desktop, or stop the programs that draw on this GPU: sudo systemctl "
            "isolate multi-user.target"
        )
        if drawing == pids
        else _("End it (`ps -fp NUMBER` names it), or measure when nothing else uses the GPU."),
    )


def _utilisation(card: Card) -> Check:
    name, rates = "utilisation-percent", _read_first_offered(card, "nvmlDeviceGetUtilizationRates")
    if isinstance(rates, Absent):
        return not_available(name, rates.reason, _("The GPU does not report its utilisation."))
    percent = int(rates.gpu)
    if percent <= RESTING_PERCENT:
        return Check(
            name=name,
            value=percent,
            state="ok",
            sentence=_("The GPU is at rest ({percent} % busy).").format(percent=percent),
        )
    return Check(
        name=name,
        value=percent,
        state="noisy",
        sentence=_("The GPU is already {percent} % busy before the measurement.").format(percent=percent),
        mend=_("Wait until its work is done."),
    )


def _power_limit(card: Card) -> Check:
    name, limit_mw = "power-limit-w", _read_first_offered(card, *LIMIT)
    default_mw = _read_first_offered(card, "nvmlDeviceGetPowerManagementDefaultLimit")
    if isinstance(limit_mw, Absent):
        return not_available(name, limit_mw.reason, _("The GPU does not report its power limit."))
    limit_w = limit_mw / 1000
    if isinstance(default_mw, Absent):
        sentence = _("The power limit is {limit_w:g} W; the driver does not report its default.").format(
            limit_w=limit_w
        )
        return Check(name=name, value=limit_w, state="ok", sentence=sentence, reason=default_mw.reason)
    default_w = default_mw / 1000
    if limit_w >= default_w - LIMIT_WITHIN_MW / 1000:
        sentence = _("The power limit is {limit_w:g} W (default: {default_w:g} W).").format(
            limit_w=limit_w, default_w=default_w
        )
        return Check(name=name, value=limit_w, state="ok", sentence=sentence)
    return Check(
        name=name,
        value=limit_w,
        state="warning",
        sentence=_(
            "The power limit is {limit_w:g} W, below the default of {default_w:g} W: results go into "
            "separate cells."
        ).format(limit_w=limit_w, default_w=default_w),
        mend=_("To compare with others: sudo nvidia-smi -pl {default_w:g}").format(default_w=default_w),
    )


def _ecc(card: Card) -> Check:
    modes = _read_first_offered(card, "nvmlDeviceGetEccMode")
    if isinstance(modes, Absent):
        return not_available(
            "ecc", modes.reason, _("The GPU does not report whether memory errors are corrected (ECC).")
        )
    sentence = (
        _("Memory error correction (ECC) is on.") if modes[0] else _("Memory error correction (ECC) is off.")
    )
    return Check(name="ecc", value=bool(modes[0]), state="ok", sentence=sentence)


def _temperature(card: Card) -> Check:
    name, celsius = "temperature-c", _read_first_offered(card, *TEMPERATURE, arguments=(GPU_SENSOR,))
    if isinstance(celsius, Absent):
        return not_available(name, celsius.reason, _("The GPU does not report its temperature."))
    return Check(
        name=name,
        value=int(celsius),
        state="ok",
        sentence=_("The GPU is at {celsius} C.").format(celsius=int(celsius)),
    )


def _throttle(card: Card) -> Check:
    name, mask = "throttle-mask", _read_first_offered(card, *THROTTLE)
    if isinstance(mask, Absent):
        return not_available(name, mask.reason, _("The GPU does not report why its clocks are reduced."))
    slowing = [words for bit, words in SLOWING.items() if mask & bit]
    if slowing:
        return Check(
            name=name,
            value=int(mask),
            state="noisy",
            sentence=_("The GPU is throttled at rest: {slowing}.").format(
                slowing=_(" and ").join(_(reason) for reason in slowing)
            ),
            mend=_("Check its cooling and its power supply."),
        )
    if mask & POWER_CAP:
        sentence = _("The power limit reduces the GPU's clocks even at rest.")
        return Check(name=name, value=int(mask), state="warning", sentence=sentence)
    return Check(name=name, value=int(mask), state="ok", sentence=_("The GPU's clocks are not reduced."))


def _read_first_offered(card: Card, *functions: str, arguments: tuple[Any, ...] = ()) -> Any | Absent:
    """The value that the first of `functions` to succeed returns, or Absent with the reason of the first.

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
