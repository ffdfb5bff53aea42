"""Settings of a GPU's firmware for power and clocks beside the power limit: profiles, smoothing, EDPp, clocks.

Each of these changes what a query costs, and most of them are of newer cards and drivers alone. What cannot be asked is
absent with a reason and costs no measurement. NVML API reference: `nvmlDeviceWorkloadPowerProfileGetCurrentProfiles`,
the fields of power smoothing (since driver 570) and of EDPp (590), the power scopes of fields, `nvmlDevice*Clock*`.
"""

from __future__ import annotations

from ctypes import byref
from typing import TYPE_CHECKING, Any

from joulemark.errors import ReadingMissing
from joulemark.meters.gpu import ControlReadings
from joulemark.meters.nvml import errors as nvml_errors
from joulemark.meters.nvml.card import Absent
from joulemark.meters.nvml.fields import field_values
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from joulemark.meters.nvml.card import Card

SM, MEMORY = 1, 2
"""NVML_CLOCK_SM and NVML_CLOCK_MEM."""
OF_MODULE, OF_MEMORY = 1, 2
"""NVML_POWER_SCOPE_MODULE and NVML_POWER_SCOPE_MEMORY, as the scope of a field."""
DEFAULT_LIMIT, CURRENT_LIMIT = 189, 190
"""NVML_FI_DEV_POWER_DEFAULT_LIMIT and NVML_FI_DEV_POWER_CURRENT_LIMIT, in mW."""
SMOOTHING, SMOOTHING_PROFILE, EDPP = 251, 264, 274
"""NVML_FI_PWR_SMOOTHING_ENABLED, NVML_FI_PWR_SMOOTHING_ACTIVE_PRESET_PROFILE and NVML_FI_DEV_EDPP_MULTIPLIER."""
OTHER_NUMBERS = ("575.", "576.", "577.")
"""Drivers of this branch number the fields from 251 on otherwise than those before and after it (NVML change log, 575
to 580): what they answer there is something else."""
PROFILES_FUNCTION = "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles"
PROFILES_STRUCT = "c_nvmlWorkloadPowerProfileCurrentProfiles_v1_t"
REASONS = ("nvmlDeviceGetSupportedClocksEventReasons", "nvmlDeviceGetSupportedClocksThrottleReasons")

NUMBERS_DIFFER = "driver-numbers-differ"
SMOOTHING_OFF = "power-smoothing-off"
NONSENSE = "nvml-nonsense"


def power_controls(card: Card) -> ControlReadings:
    """As they are set now. Raises nothing: a GPU that is gone is found by its counter."""
    profiles = _profiles(card)
    least_most = _query(
        card, "nvmlDeviceGetPowerManagementLimitConstraints", form=lambda pair: [mw / 1e3 for mw in pair]
    )
    answers: dict[str, Any | Absent] = {
        "workload_profiles": _part(profiles, "enforcedProfilesMask"),
        "workload_profiles_requested": _part(profiles, "requestedProfilesMask"),
        "limit_least_w": least_most if isinstance(least_most, Absent) else least_most[0],
        "limit_most_w": least_most if isinstance(least_most, Absent) else least_most[1],
        "module_limit_w": _field(card, CURRENT_LIMIT, scope=OF_MODULE, form=lambda mw: mw / 1e3),
        "module_limit_default_w": _field(card, DEFAULT_LIMIT, scope=OF_MODULE, form=lambda mw: mw / 1e3),
        "sm_clock_most_mhz": _query(card, "nvmlDeviceGetMaxClockInfo", SM),
        "memory_clock_most_mhz": _query(card, "nvmlDeviceGetMaxClockInfo", MEMORY),
        "boost_clock_most_mhz": _query(card, "nvmlDeviceGetMaxCustomerBoostClock", SM),
        "application_clock_mhz": _query(card, "nvmlDeviceGetApplicationsClock", SM),
        "application_clock_default_mhz": _query(card, "nvmlDeviceGetDefaultApplicationsClock", SM),
        "clock_reasons": _first(_query(card, function) for function in REASONS),
        **_smoothing_and_edpp(card),
    }
    return ControlReadings(
        values={name: None if isinstance(value, Absent) else value for name, value in answers.items()},
        absent={name: value.reason for name, value in answers.items() if isinstance(value, Absent)},
    )


def scoped_power(card: Card, field: int, scope: int) -> Callable[[], int] | Absent:
    """What reads a power field of another scope than the GPU, in mW; Absent where this GPU or driver has none.

    The reader raises ReadingMissing or MeterFailed, and ReadingMissing for 0, which is no power that was read.
    """
    reading = _field(card, field, scope=scope)
    if isinstance(reading, Absent):
        return reading

    def read() -> int:
        (value,) = field_values(card.during_a_run("nvmlDeviceGetFieldValues", [(field, scope)]))
        if value.status:
            raise nvml_errors.failed(card.nvml, card.nvml.NVMLError(value.status))
        milliwatts = value.number()
        if not milliwatts:
            raise ReadingMissing(_("The GPU reports 0 mW, which is not a valid power."))
        return milliwatts

    return read


def _smoothing_and_edpp(card: Card) -> dict[str, Any | Absent]:
    names = ("smoothing", "smoothing_profile", "edpp_percent")
    version = card.driver_version()
    if not isinstance(version, Absent) and version.startswith(OTHER_NUMBERS):
        return dict.fromkeys(names, Absent(reason=NUMBERS_DIFFER))
    smoothing, profile = _field(card, SMOOTHING), _field(card, SMOOTHING_PROFILE)
    if smoothing not in (0, 1) and not isinstance(smoothing, Absent):
        smoothing = Absent(reason=NONSENSE)
    if isinstance(smoothing, Absent):
        profile = smoothing
    elif not smoothing:
        profile = Absent(reason=SMOOTHING_OFF)
    smoothing = smoothing if isinstance(smoothing, Absent) else bool(smoothing)
    return dict(zip(names, (smoothing, profile, _field(card, EDPP)), strict=True))


def _profiles(card: Card) -> Any | Absent:
    """The structure that the driver filled in; an older binding has no such class."""
    structure = getattr(card.nvml, PROFILES_STRUCT, None)
    if structure is None:
        return Absent(reason=nvml_errors.OLD_BINDING.reason)
    profiles = structure()
    return _query(card, PROFILES_FUNCTION, byref(profiles), form=lambda _: profiles)


def _part(profiles: Any | Absent, mask: str) -> tuple[int, ...] | Absent:
    """The numbers of the profiles in one of the masks."""
    if isinstance(profiles, Absent):
        return profiles
    words = getattr(profiles, mask).mask
    return tuple(
        32 * place + bit for place, word in enumerate(words) for bit in range(32) if int(word) >> bit & 1
    )


def _field(card: Card, field: int, *, scope: int = 0, form: Callable[[int], Any] = int) -> Any | Absent:
    values = _query(card, "nvmlDeviceGetFieldValues", [(field, scope)], form=field_values)
    if isinstance(values, Absent):
        return values
    (value,) = values
    if value.status:
        return Absent(reason=nvml_errors.reason(card.nvml, card.nvml.NVMLError(value.status)))
    try:
        return form(value.number())
    except ReadingMissing:
        return Absent(reason=NONSENSE)


def _query(card: Card, function: str, *arguments: Any, form: Callable[[Any], Any] = int) -> Any | Absent:
    try:
        return form(card.call(function, *arguments))
    except card.nvml.NVMLError as error:
        return Absent(reason=nvml_errors.reason(card.nvml, error))


def _first(answers: Iterable[Any | Absent]) -> Any | Absent:
    """The first that is there, or why the first of all is not."""
    listed = list(answers)
    return next((answer for answer in listed if not isinstance(answer, Absent)), listed[0])
