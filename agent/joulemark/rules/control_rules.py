"""Rules of the control kernel: it ran, its energy is that of the trace, and the card is like others of its design."""

from __future__ import annotations

from math import exp, hypot, log
from statistics import median
from typing import TYPE_CHECKING, get_args

from joulemark.energy.errors import EnergyError
from joulemark.record.control import ControlWork, control_side, copy_bytes, flop_of, moved_bytes_of
from joulemark.record.stated import stated
from joulemark.rules.answer_rules import LEAST_OTHERS, MEDIAN_COSTS
from joulemark.rules.control_answers import product_sample
from joulemark.rules.control_figures import UNITS, WORDS, ControlFigures, uncertainties
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.power_rules import MOST_W, POWER_HEADROOM
from joulemark.rules.recomputed import same
from joulemark.rules.rule import broken, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.record.control import Control, ControlRun
    from joulemark.rules.case import Case

DRIFT = 0.10
"""What a card's energy or time of an operation may differ by between the first run and the last one."""

BAND = 0.12
BAND_DEVIATIONS = 3.0
"""Allowed difference from the others' median: this share, or this many of their own standard deviations."""

SENSOR_DEVIATIONS = 3.5
CARD_SPREAD, GAIN_SPREAD, ZERO_SPREAD_W = 0.02, 0.025, 6.5
"""Or, of energies, this many standard deviations of what chips, gains and zeros of one design's boards scatter by
(energy/data/boards.csv, five RTX 3090): of three others the spread is hardly known."""

RATE_HEADROOM = 1.15
"""A kernel may be faster than the data sheet's peak rate by this factor, as for JM-ROOFLINE."""

IDLE_SHARE = 0.95
"""A working card draws at least this share of its power at rest."""


@rule(
    "JM-CONTROL-ANSWERS",
    Severity.REJECT,
    "The control kernel's product is right",
    condition="The control kernel has the shape for the GPU's memory, and the sample of each of its products equals "
    "what the ticket's seed gives",
    mend=None,
    version="10",
)
def control_answers_are_right(case: Case) -> Broken | None:
    """The sampled elements of the products are those of the seed's matrices."""
    control = stated(case.predicate.control, otherwise=None)
    if control is None:
        return None
    side = control_side(case.predicate.device.memory_bytes)
    if (control.side, control.copy_bytes) != (side, copy_bytes(side)):
        return broken(
            f"The control kernel ran on matrices of {control.side} and copies of {control.copy_bytes} bytes; a GPU "
            f"with this memory runs {side} and {copy_bytes(side)}.",
            side=control.side,
            copy_bytes=control.copy_bytes,
            expected_side=side,
            expected_copy_bytes=copy_bytes(side),
        )
    for run in control.runs:
        right = product_sample(case.seed, run.when, products=run.products, side=control.side)
        wrong = sum(element != expected for element, expected in zip(run.sample, right, strict=True))
        if wrong:
            return broken(
                f"{wrong} of {len(right)} elements of the control kernel's {run.when} product are not those that "
                "the seed gives.",
                run=run.when,
                wrong=wrong,
                sampled=len(right),
            )
    return None


@rule(
    "JM-CONTROL-ENERGY",
    Severity.REJECT,
    "The control kernel's energy is that of the trace",
    condition="Seconds and joules of the control kernel equal those recomputed from the trace, to 1e-6; its power "
    "lies between 0.95 x idle and 1.1 x the limit, and its rates are at most 15 % above the peaks of the GPU's data "
    "sheet",
    mend=None,
    version="10",
)
def control_energy_is_recomputed(case: Case) -> Broken | None:
    """The stated numbers of the control kernel follow from the trace, and a card can have them."""
    control = stated(case.predicate.control, otherwise=None)
    if control is None:
        return None
    energies = case.control_energies
    if isinstance(energies, EnergyError):
        return broken(
            f"No energy of the control kernel can be computed from the trace: {energies}",
            error=type(energies).__name__,
        )
    stretches = [stretch for run in control.runs for stretch in _stretches(run)]
    if len(energies) != len(stretches):
        return broken(
            f"The trace has {len(energies)} stretches of the control kernel; the statement has {len(stretches)}.",
            traced=len(energies),
            stated=len(stretches),
        )
    for (name, *values), traced in zip(stretches, energies, strict=True):
        for unit, value, recomputed in zip(
            ("s", "j", "u"), values, (traced.seconds, traced.energy_j, traced.u), strict=True
        ):
            if not same(value, recomputed):
                return broken(
                    f"The control kernel states {name}_{unit} = {value}; the trace gives {recomputed}.",
                    name=f"{name}_{unit}",
                    stated=value,
                    recomputed=recomputed,
                )
    return next(_impossible(case, control), None)


def _stretches(run: ControlRun) -> list[tuple[str, float, float, float]]:
    """Name, seconds, joules and uncertainty of each kind of work, in the order in which they ran."""
    return [
        (work, getattr(run, f"{work}_s"), getattr(run, f"{work}_j"), getattr(run, f"{work}_u"))
        for work in get_args(ControlWork)
    ]


def _impossible(case: Case, control: Control) -> Iterator[Broken]:
    """What no card of this model can do."""
    device, idle = case.predicate.device, case.predicate.idle
    most_w = min(device.power_limit_w or MOST_W, MOST_W) * POWER_HEADROOM
    least_w = 0.0 if idle is None else min(idle.before_w, idle.after_w) * IDLE_SHARE
    for run in control.runs:
        for work, seconds, joules, u in _stretches(run):
            power_w = joules / seconds
            if not least_w * (1 - 2 * u) <= power_w <= most_w * (1 + 2 * u):
                yield broken(
                    f"The control kernel's {work} drew {power_w:.1f} W; possible are {least_w:.1f} to {most_w:.1f} W.",
                    run=run.when,
                    work=work,
                    power_w=power_w,
                    least_w=least_w,
                    most_w=most_w,
                )
        for work, rate, most in (
            ("products", flop_of(control) * run.products / run.products_s, _peak_flops(case)),
            ("copies", moved_bytes_of(control) * run.copies / run.copies_s, _peak_bytes(case, control)),
        ):
            if most is not None and rate > most * RATE_HEADROOM:
                yield broken(
                    f"The control kernel's {work} ran at {rate:.3g} a second; the GPU's peak is {most:.3g}.",
                    run=run.when,
                    work=work,
                    rate=rate,
                    peak=most,
                )


def _peak_flops(case: Case) -> float | None:
    """Operations a second, None where the model is not known; float32 may be computed as TF32."""
    return None if case.gpu is None else case.gpu.peak_flops("float32")


def _peak_bytes(case: Case, control: Control) -> float | None:
    """Bytes a second of the memory, None where it is not known or a cache holds what is copied."""
    gpu = case.gpu
    if gpu is None or gpu.bandwidth_gbs is None or control.copy_bytes < 2 * (gpu.cache_mib or 0) * 2**20:
        return None
    return gpu.bandwidth_gbs * 1e9


@rule(
    "JM-CONTROL-DRIFT",
    Severity.FLAG,
    "The card is last what it was first",
    condition="Energy and time of an operation of the control kernel differ between its first run and its last one "
    "by at most 10 % and twice their uncertainty",
    mend="Let nothing else use the GPU; measure again",
    version="10",
)
def control_does_not_drift(case: Case) -> Broken | None:
    """The control kernel behind the windows is like the one before them."""
    control = stated(case.predicate.control, otherwise=None)
    if control is None:
        return None
    first, last = (ControlFigures.of_run(control, run).values() for run in control.runs)
    us = [uncertainties([run]) for run in control.runs]
    for name, value in first.items():
        width = log(1 + DRIFT) + 2 * (us[0][name] ** 2 + us[1][name] ** 2) ** 0.5
        drift = log(last[name] / value)
        if abs(drift) > width:
            return broken(
                f"The {WORDS[name]} of the control kernel changed by {exp(drift) - 1:+.1%} between its first run and "
                "its last one.",
                name=name,
                first=value,
                last=last[name],
                width=exp(width) - 1,
            )
    return None


@rule(
    "JM-CONTROL-NONE",
    Severity.QUARANTINE,
    "The control kernel ran",
    condition=f"A result of a GPU has a control kernel, unless fewer than {LEAST_OTHERS} other contributors had sent "
    "one of a GPU of this design under the same power controls before",
    mend="Measure with a newer agent; leave 1 GB of the GPU's memory free",
    version="10",
    where="platform",
)
def control_is_there(case: Case) -> Broken | None:
    """Where others' cards of this design have a control kernel, this one has it too."""
    others = case.context.earlier_controls_by_others
    if stated(case.predicate.control, otherwise=None) is not None or others < LEAST_OTHERS:
        return None
    reason = case.predicate.absent.get("control")
    return broken(
        f"The result has no control kernel{f' ({reason})' if reason else ''}; those of {others} other contributors "
        "for GPUs of this design have one.",
        others=others,
    )


@rule(
    "JM-CONTROL-BAND",
    Severity.QUARANTINE,
    "The card is like others of its design",
    condition=f"Energy and time of an operation and of a byte of the control kernel differ from the median of "
    f"{LEAST_OTHERS} or more other contributors' GPUs of this design under the same power controls by at "
    "most 12 %, three of their own standard deviations or, of energies, 3.5 of what sensors and cards of one design "
    "are known to scatter by, and twice the uncertainty",
    mend="Reset locked clocks (`nvidia-smi --reset-gpu-clocks --reset-memory-clocks`); measure again",
    version="10",
    where="platform",
)
def control_is_like_that_of_others(case: Case) -> Broken | None:
    """The control kernel takes as much energy and time as on others' cards of this design."""
    control, others = stated(case.predicate.control, otherwise=None), case.context.controls_by_others
    if control is None or len(others) < LEAST_OTHERS:
        return None
    u = uncertainties(control.runs)
    for name, value in ControlFigures.of(control).values().items():
        logs = [log(figures.values()[name]) for figures in others]
        middle = median(logs)
        spread = 1.4826 * median(abs(each - middle) for each in logs)
        chance = SENSOR_DEVIATIONS * _design_u(control, name) * (1 + MEDIAN_COSTS / len(others)) ** 0.5
        width = max(log(1 + BAND), BAND_DEVIATIONS * spread, chance) + 2 * u[name]
        apart = log(value) - middle
        if abs(apart) > width:
            return broken(
                f"The {WORDS[name]} of the control kernel is {value:.3g} {UNITS[name]}, {exp(apart) - 1:+.1%} from the "
                f"median of {len(others)} other contributors' GPUs of this design; {exp(width) - 1:.1%} are allowed.",
                name=name,
                value=value,
                median=exp(middle),
                width=exp(width) - 1,
                others=len(others),
            )
    return None


def _design_u(control: Control, name: str) -> float:
    """Relative standard deviation of a number between cards of one design: of an energy, by their sensors and chips."""
    if not name.endswith("_j"):
        return 0.0
    values = ControlFigures.of(control).values()
    power_w = values[name] / values[name.replace("_j", "_s")]
    return hypot(CARD_SPREAD, GAIN_SPREAD, ZERO_SPREAD_W / power_w)


RULES = (
    control_answers_are_right,
    control_energy_is_recomputed,
    control_does_not_drift,
    control_is_there,
    control_is_like_that_of_others,
)
"""In the order of evaluation."""
