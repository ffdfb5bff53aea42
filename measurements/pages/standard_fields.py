"""What three standards ask of the energy of AI, field by field: which of ours answers, in which unit, or why none does.

Sources: ITU-T L.1801 (02/2026), as far as its public summary and table of contents go, and L.1410, on which it builds;
ISO/IEC 21031:2024, whose text is the Software Carbon Intensity specification 1.0 of the Green Software Foundation;
Annex XI, section 1, of Regulation (EU) 2024/1689.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, kw_only=True)
class StandardField:
    """What a standard asks for at a place of it. `ours` are names of the API's fields; empty where none answers.

    `note` says what ours is, or why there is none; `unit` is ours.
    """

    place: str
    theirs: _StrPromise
    note: _StrPromise
    ours: tuple[str, ...] = ()
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Standard:
    """A standard with its fields; `role` says what our numbers are in its terms."""

    anchor: str
    name: str
    url: str
    role: _StrPromise
    fields: tuple[StandardField, ...]


NO_MAKING = _("nobody measures here what it took to make, move and discard the hardware")
NO_TRAINING = _("only answers are measured, never training; a published figure of it is shown as a claim")

ITU = Standard(
    anchor="itu-t-l-1801",
    name="ITU-T L.1801 (02/2026)",
    url="https://handle.itu.int/11.1002/1000/16642",
    role=_(
        "A method of life-cycle assessment for AI systems. Our numbers are inventory data of one part of one stage: "
        "electricity of the hardware while the model answers."
    ),
    fields=(
        StandardField(
            place="8.1",
            theirs=_("functional unit"),
            ours=("task", "dataset", "energy_wh_per_1000"),
            unit="Wh / 1,000",
            note=_("a query of a task on a data set; a token or a correct answer where they are counted"),
        ),
        StandardField(
            place="8.1",
            theirs=_("system boundary"),
            ours=("scope",),
            note=_("the hardware whose energy is included; nothing outside of the machine"),
        ),
        StandardField(
            place="6.3",
            theirs=_("class of the AI system"),
            ours=("model", "kind", "parameters"),
            note=_("the model, its kind and its size; a class in the standard's terms follows from them"),
        ),
        StandardField(
            place="8.1",
            theirs=_("energy of the use stage"),
            ours=("energy_per_query_j", "energy_wh_per_1000"),
            unit="J, Wh",
            note=_("measured from the counter, or estimated and marked so"),
        ),
        StandardField(
            place="L.1410, 9.2",
            theirs=_("uncertainty of the data"),
            ours=("low_wh_per_1000", "high_wh_per_1000"),
            unit="Wh / 1,000",
            note=_("95 % interval after the GUM; the budget of each result is public"),
        ),
        StandardField(
            place="8.1",
            theirs=_("greenhouse gases of the use stage"),
            ours=("gco2e_per_kwh",),
            unit="g CO2e / kWh",
            note=_("only in the calculator, with the intensity of a place that the reader chooses"),
        ),
        StandardField(place="8.1", theirs=_("raw materials, production and end of life"), note=NO_MAKING),
        StandardField(place="8.1", theirs=_("energy of training and of development"), note=NO_TRAINING),
        StandardField(
            place="8.1",
            theirs=_("cooling, power conversion and network of the data centre"),
            note=_("volunteers measure their own machines; scopes end at the machine"),
        ),
        StandardField(
            place="8.1",
            theirs=_("impacts other than climate change, such as water and materials"),
            note=_("no counter reads them, and we state no factor for them"),
        ),
        StandardField(
            place="8.3",
            theirs=_("second- and higher-order effects"),
            note=_("what an answer is used for is not known here"),
        ),
    ),
)
ISO = Standard(
    anchor="iso-iec-21031",
    name="ISO/IEC 21031:2024 (SCI)",
    url="https://www.iso.org/standard/86612.html",
    role=_(
        "A rate of emissions: SCI = (E x I + M) per R. We supply E and R; I is the reader's choice, and M is missing, "
        "so no number here is an SCI score."
    ),
    fields=(
        StandardField(
            place="E",
            theirs=_("energy of the software, in kWh"),
            ours=("energy_wh_per_1000",),
            unit="Wh / 1,000",
            note=_("divide by 1,000,000 for kWh per query; the scope says which components are in it"),
        ),
        StandardField(
            place="I",
            theirs=_("location-based carbon intensity"),
            ours=("gco2e_per_kwh",),
            unit="g CO2e / kWh",
            note=_(
                "yearly means of countries and regions in the table of intensities; results name no place"
            ),
        ),
        StandardField(
            place="R",
            theirs=_("functional unit"),
            ours=("queries", "unit_energies"),
            note=_("a query, a token or a correct answer"),
        ),
        StandardField(
            place="M",
            theirs=_("embodied emissions of the hardware, by share of time and of resources"),
            note=NO_MAKING,
        ),
        StandardField(
            place="E",
            theirs=_("energy of a model's training, spread over its use"),
            note=NO_TRAINING,
        ),
        StandardField(
            place="E",
            theirs=_("energy of idle machines that are reserved for the software"),
            ours=("idle",),
            unit="W",
            note=_("power at rest is in each result, beside the energy and not in it"),
        ),
    ),
)
AI_ACT = Standard(
    anchor="ai-act-annex-xi",
    name="Regulation (EU) 2024/1689, Annex XI",
    url="https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
    role=_(
        "What a provider of a general-purpose model documents. It is the provider's duty: an independent measurement "
        "of answers can stand beside it and replaces none of it."
    ),
    fields=(
        StandardField(
            place="1 (1) (a)",
            theirs=_("tasks that the model is intended for"),
            ours=("task",),
            note=_("tasks on which it was measured; what it is intended for is its provider's word"),
        ),
        StandardField(
            place="1 (1) (c)",
            theirs=_("date of release and distribution"),
            ours=("released_on", "link"),
            note=_("the day since when the hub has it, and its page there"),
        ),
        StandardField(
            place="1 (1) (d)",
            theirs=_("architecture and number of parameters"),
            ours=("parameters",),
            note=_("counted on what is loaded, or reported by the study; the architecture is in the suite"),
        ),
        StandardField(
            place="1 (1) (e)",
            theirs=_("modality and format of inputs and outputs"),
            ours=("task",),
            note=_("the modality of the task"),
        ),
        StandardField(
            place="1 (1) (f)",
            theirs=_("licence"),
            ours=("licence",),
            note=_("SPDX name of the licence of the weights, where the hub states it"),
        ),
        StandardField(
            place="1 (2) (e)",
            theirs=_("known or estimated energy consumption of the model"),
            ours=("energy_wh_per_1000", "grade", "scope", "low_wh_per_1000", "high_wh_per_1000"),
            unit="Wh / 1,000",
            note=_(
                "of answers, with grade, scope and interval; not of training, to which the point also refers"
            ),
        ),
        StandardField(
            place="1 (2) (d)",
            theirs=_("computational resources and time of training"),
            note=NO_TRAINING,
        ),
        StandardField(
            place="1 (1) (b), 1 (2) (a)–(c)",  # noqa: RUF001 - a range
            theirs=_("policies of use, means of integration, design and training data"),
            note=_("only the provider knows them"),
        ),
    ),
)
STANDARDS = (ITU, ISO, AI_ACT)
