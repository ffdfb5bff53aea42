"""One number out of the published study, as a data file asks for it: the only way in which a claim gets one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from joulemark.impact.equivalences import equivalences
from joulemark.impact.intensity import intensity_of
from joulemark.impact.study_figures import Pick, energy_kwh_per_1000

if TYPE_CHECKING:
    from joulemark.suite.published import Study

StudyIntensity = Literal["used", "stated"]
Total = Literal[
    "energy_kwh",
    "gpu_kwh",
    "cpu_kwh",
    "ram_kwh",
    "emissions_kgco2e",
    "paper_energy_kwh",
    "paper_emissions_kgco2e",
]

PARTS: dict[Total, str] = {
    "gpu_kwh": "node-gpus",
    "paper_energy_kwh": "node-gpus",
    "cpu_kwh": "node-cpus",
    "ram_kwh": "node-dram",
}
"""What the totals cover that are not of a whole node; the article's energy is that of the GPUs alone."""


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to compute. It begins with exactly one of:

    `of`: the energy of `queries` queries in kWh; `total`: a sum over the study; `equivalence`: what one item of an
    equivalence takes, in kWh or gCO2e; `intensity`: gCO2e/kWh, `used` or `stated` by the study.

    Then `over`, `over_total` and `over_intensity` divide by another such number; `grams` turns kWh into gCO2e at the
    intensity that the study `used` or `stated`, or at a place's latest; `per` counts items of an equivalence; `wh` and
    `percent` choose the unit; `times` is a change of unit.
    """

    of: Pick | None = None
    total: Total | None = None
    equivalence: str | None = None
    intensity: StudyIntensity | None = None
    queries: int = 1000
    over: Pick | None = None
    over_total: Total | None = None
    over_intensity: StudyIntensity | None = None
    grams: str | None = None
    per: str | None = None
    wh: bool = False
    percent: bool = False
    times: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what begins nowhere or in two places."""
        begins = [self.of, self.total, self.equivalence, self.intensity]
        if sum(begin is not None for begin in begins) != 1:
            raise ValueError("A measure begins with exactly one of: of, total, equivalence, intensity.")


def measured(study: Study, measure: Measure) -> float:
    """The number. Raises LookupError where the study, the equivalences or the intensities have none."""
    value = _begun(study, measure) * measure.times
    if measure.over is not None:
        value /= energy_kwh_per_1000(study, measure.over) * measure.queries / 1000
    if measure.over_total is not None:
        value /= getattr(study.totals, measure.over_total)
    if measure.over_intensity is not None:
        value /= _intensity(study, measure.over_intensity)
    if measure.grams is not None:
        value *= _intensity(study, measure.grams)
    if measure.per is not None:
        value /= equivalences()[measure.per].per_item.value
    return value * (1000 if measure.wh else 1) * (100 if measure.percent else 1)


def scope_of(study: Study, measure: Measure) -> str | None:
    """What the energy of a measure covers, numerator `over` divisor where they differ; None where it is no energy."""
    scopes = [_scope_begun(study, measure)]
    if measure.over is not None:
        scopes.append(study.scope)
    if measure.over_total is not None:
        scopes.append(_scope_of_total(study, measure.over_total))
    distinct = list(dict.fromkeys(scope for scope in scopes if scope is not None))
    return " over ".join(distinct) or None


def _scope_begun(study: Study, measure: Measure) -> str | None:
    if measure.of is not None:
        return study.scope
    if measure.total is not None:
        return _scope_of_total(study, measure.total)
    return None


def _scope_of_total(study: Study, total: Total) -> str:
    return PARTS.get(total, study.scope)


def _begun(study: Study, measure: Measure) -> float:
    if measure.of is not None:
        return energy_kwh_per_1000(study, measure.of) * measure.queries / 1000
    if measure.total is not None:
        return float(getattr(study.totals, measure.total))
    if measure.equivalence is not None:
        return equivalences()[measure.equivalence].per_item.value
    return _intensity(study, measure.intensity or "used")


def _intensity(study: Study, name: str) -> float:
    if name == "used":
        return study.protocol.used_intensity_gco2e_per_kwh
    if name == "stated":
        return study.protocol.stated_intensity_gco2e_per_kwh
    return intensity_of(name).value
