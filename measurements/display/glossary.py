"""The terms of docs/glossary.md with their meanings, for the page that shows them; a test compares the two."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, kw_only=True)
class GlossaryEntry:
    """A term and its meaning, in English; both are listed for translation. Names between backticks are code."""

    term: str
    meaning: str

    @property
    def anchor(self) -> str:
        """The anchor of the entry on its page."""
        return self.term.replace(" ", "-")


@dataclass(frozen=True, kw_only=True)
class GlossarySection:
    """Terms under a heading."""

    title: str
    entries: tuple[GlossaryEntry, ...]


SECTIONS = (
    GlossarySection(
        title=_("Measuring"),
        entries=(
            GlossaryEntry(
                term=_("query"),
                meaning=_(
                    "One input to a model: a text, an image or a prompt. Energies are given per 1,000 queries."
                ),
            ),
            GlossaryEntry(
                term=_("sample"), meaning=_("The queries of a window, drawn with the ticket's seed.")
            ),
            GlossaryEntry(
                term=_("population"),
                meaning=_("All 1,000 queries of a job, of which a lean suite runs random parts."),
            ),
            GlossaryEntry(term=_("window"), meaning=_("Queries run back to back while the meter reads.")),
            GlossaryEntry(
                term=_("rest"),
                meaning=_(
                    "The model is resident and runs nothing; the power drawn then is the power at rest."
                ),
            ),
            GlossaryEntry(term=_("tick"), meaning=_("One reading of an energy counter: a time and a count.")),
            GlossaryEntry(
                term=_("energy counter"),
                meaning=_(
                    "Joules, millijoules or microjoules that a device or its driver counts from start-up."
                ),
            ),
            GlossaryEntry(
                term=_("gauge"), meaning=_("A reading that does not accumulate: power, temperature, clocks.")
            ),
            GlossaryEntry(
                term=_("coverage"),
                meaning=_(
                    "Whether the counter sees all of the time (full) or a part of each period (part-time)."
                ),
            ),
            GlossaryEntry(
                term=_("settling time"),
                meaning=_("How long after a change of load readings still reflect the earlier load."),
            ),
            GlossaryEntry(
                term=_("probe"),
                meaning=_(
                    "Measures the period, settling time and coverage of a card's counter before the first run."
                ),
            ),
            GlossaryEntry(
                term=_("control kernel"),
                meaning=_(
                    "A fixed, seeded workload of matrix products and copies, first and last in each job on a GPU: "
                    "what cards of one design have in common."
                ),
            ),
            GlossaryEntry(
                term=_("scope"),
                meaning=_("The hardware whose energy is included: `gpu`, `cpu`, `dram`, or a sum of them."),
            ),
            GlossaryEntry(
                term=_("grade"),
                meaning=_(
                    "`measured` (a counter was read), `estimated` (processor time times stated watts), "
                    "`published` (by others), `modelled` (computed by others)."
                ),
            ),
            GlossaryEntry(
                term=_("estimator"),
                meaning=_(
                    "A method of computing energy from readings: bracket, counter, power, average, derivative."
                ),
            ),
            GlossaryEntry(
                term=_("uncertainty budget"),
                meaning=_("The standard uncertainty components of an energy, by name."),
            ),
            GlossaryEntry(
                term=_("expanded uncertainty"),
                meaning=_("*U*, twice the standard uncertainty (k = 2): about 95 % coverage."),
            ),
            GlossaryEntry(
                term=_("half-width"), meaning=_("Half the width of an interval, relative to its midpoint.")
            ),
        ),
    ),
    GlossarySection(
        title=_("What is measured"),
        entries=(
            GlossaryEntry(
                term=_("suite"),
                meaning=_(
                    "Tasks, data sets, models and the protocol by which they are measured; content-addressed."
                ),
            ),
            GlossaryEntry(
                term=_("job"), meaning=_("A task, a data set and a model: the unit that a run measures.")
            ),
            GlossaryEntry(
                term=_("lock"), meaning=_("The pinned commits and files of a suite, with their digests.")
            ),
            GlossaryEntry(
                term=_("protocol"), meaning=_("How a job is measured: queries, windows, rests, precision.")
            ),
            GlossaryEntry(
                term=_("ticket"),
                meaning=_("Issued by a platform before a run: a nonce and the seed of the sample."),
            ),
            GlossaryEntry(term=_("trace"), meaning=_("Every tick and reading of a run, packed.")),
            GlossaryEntry(
                term=_("statement"),
                meaning=_("The signed content of a result: what was measured, on what, and how."),
            ),
            GlossaryEntry(term=_("envelope"), meaning=_("A statement with its signature (DSSE).")),
            GlossaryEntry(
                term=_("bundle"),
                meaning=_("A statement, its signature and its trace: the file that is uploaded and served."),
            ),
        ),
    ),
    GlossarySection(
        title=_("Judging and the log"),
        entries=(
            GlossaryEntry(
                term=_("rule"), meaning=_("One check of a result, with a code such as `JM-TOTALS`.")
            ),
            GlossaryEntry(
                term=_("finding"), meaning=_("A rule's objection to a result: code, sentence, numbers.")
            ),
            GlossaryEntry(
                term=_("severity"), meaning=_("The consequence of a finding: reject, quarantine, flag.")
            ),
            GlossaryEntry(
                term=_("verdict"),
                meaning=_("The outcome of all rules for a result: accepted, quarantined, rejected."),
            ),
            GlossaryEntry(term=_("leaf"), meaning=_("One entry of the append-only log.")),
            GlossaryEntry(
                term=_("receipt"), meaning=_("The platform's signed promise to include a leaf in the log.")
            ),
            GlossaryEntry(term=_("checkpoint"), meaning=_("The log's size and root hash, signed.")),
            GlossaryEntry(
                term=_("inclusion proof"), meaning=_("Hashes that prove that a checkpoint includes a leaf.")
            ),
            GlossaryEntry(
                term=_("witness"),
                meaning=_("A third party that co-signs checkpoints consistent with earlier ones."),
            ),
            GlossaryEntry(
                term=_("key"), meaning=_("A contributor's signing key; it can be rotated and revoked.")
            ),
            GlossaryEntry(term=_("device tag"), meaning=_("A pseudonym of one device on one platform.")),
            GlossaryEntry(
                term=_("contributor"), meaning=_("The sender of results, identified by one or more keys.")
            ),
        ),
    ),
    GlossarySection(
        title=_("Combining and comparing"),
        entries=(
            GlossaryEntry(
                term=_("cell"),
                meaning=_(
                    "Results that may be combined: suite version, model revision, data set, hardware, stratum."
                ),
            ),
            GlossaryEntry(
                term=_("stratum"),
                meaning=_(
                    "What else must be equal within a cell: number format, batch size, power-limit class."
                ),
            ),
            GlossaryEntry(
                term=_("consensus value"),
                meaning=_("One energy from many contributors, who all start with the same weight."),
            ),
            GlossaryEntry(
                term=_("interval"), meaning=_("A range that contains the true value in 95 of 100 such cells.")
            ),
            GlossaryEntry(
                term=_("excess dispersion"),
                meaning=_(
                    "The part of the spread between contributors that their stated uncertainties do not "
                    "explain, as a standard deviation; also *dark uncertainty* (Thompson and Ellison "
                    "2011)."
                ),
            ),
            GlossaryEntry(
                term=_("degree of equivalence"),
                meaning=_("A contributor's difference from the others, with its uncertainty."),
            ),
            GlossaryEntry(
                term=_("tier"),
                meaning=_(
                    "How well a cell is corroborated: single source, several sources, replicated, established."
                ),
            ),
            GlossaryEntry(
                term=_("front"),
                meaning=_(
                    "The models that no other beats in both quality and energy, beyond chance (Pareto)."
                ),
            ),
            GlossaryEntry(
                term=_("series"), meaning=_("Figures that others published, imported with their terms.")
            ),
            GlossaryEntry(
                term=_("release"),
                meaning=_("A frozen download of all evidence and values, with a checkpoint."),
            ),
            GlossaryEntry(
                term=_("claim"),
                meaning=_(
                    "A statement in the study or by others, compared with recomputed numbers by a fixed rule."
                ),
            ),
            GlossaryEntry(
                term=_("equivalence"),
                meaning=_("An energy as an everyday quantity: phone charges, kilometres, searches."),
            ),
            GlossaryEntry(
                term=_("carbon intensity"),
                meaning=_("Emissions per kilowatt-hour of a place's electricity, in gCO2e/kWh."),
            ),
        ),
    ),
)
"""Sections in the order of the page."""
