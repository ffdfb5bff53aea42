"""What the columns of tables hold: a sentence for each head that does not explain itself, and where to read on.

A head is known by its English text, which the templates have. A test goes through the heads of every page and fails for
one that is neither here nor among those that name what everybody knows.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, kw_only=True)
class ColumnHelp:
    """`meaning` is in English, listed for translation; `anchor` is a place on the page of the method."""

    meaning: str
    anchor: str = ""


ENERGY = ColumnHelp(
    meaning=_(
        "The energy of 1,000 queries in watt-hours, within the scope that the table names. The median, or a "
        "robust mean, over contributors; of published figures the publisher's own number."
    ),
    anchor="value",
)
INTERVAL = ColumnHelp(
    meaning=_(
        "The range that contains the true energy in 95 of 100 cases, the error of the power sensors included. "
        "Of published figures it is the range of the publisher's runs."
    ),
    anchor="intervals",
)
QUALITY = ColumnHelp(
    meaning=_(
        "Scores of the answers, each with its 95 % interval where one follows from the number of questions. Two"
        " scores compare on the same data set alone."
    ),
    anchor="comparing",
)
PARITY = ColumnHelp(
    meaning=_("After so many queries their energy equals that of training and fine-tuning the model.")
)

COLUMN_HELP = {
    _("Wh per 1,000 queries, 95 % interval"): ColumnHelp(
        meaning=_(
            "Energy of 1,000 queries with the interval that holds the true value in 95 of 100 such cells, "
            "sensors' common error included; of a published figure the range of its runs."
        ),
        anchor="intervals",
    ),
    _("Rank, of its size"): ColumnHelp(
        meaning=_(
            "The place by energy under the same conditions, among all models and among those of half to "
            "twice its parameters."
        ),
        anchor="comparing",
    ),
    _("Its energy over this model's"): ColumnHelp(
        meaning=_(
            "Energy of the other model divided by the energy of this one, on the same data set, hardware "
            "and configuration, with its 95 % interval."
        ),
        anchor="comparing",
    ),
    _("Its score, this model's score"): ColumnHelp(
        meaning=_(
            "Scores of both models on the same questions; the other model is listed only if it is no worse."
        ),
        anchor="comparing",
    ),
    _("Energy here over there"): ColumnHelp(
        meaning=_(
            "Energy on this hardware divided by energy on the other, over the models that both have run "
            "under the same conditions."
        ),
        anchor="comparing",
    ),
    _("Steps every"): ColumnHelp(
        meaning=_(
            "The time between two changes of the counter, as the agents' probes found it: the median over "
            "results."
        ),
    ),
    _("Lags by"): ColumnHelp(
        meaning=_("How long after the work its energy appears in the counter: the median over results."),
    ),
    _("Settles within"): ColumnHelp(
        meaning=_("How long after a change of load the reading moves until it stands still."),
    ),
    _("Sees"): ColumnHelp(
        meaning=_("The share of the time that the sensor observes; what happens in the rest is not counted."),
    ),
    _("Queries of a window"): ColumnHelp(
        meaning=_("How many queries of the data set one measurement window runs."),
    ),
    _("Published figures"): ColumnHelp(
        meaning=_("Figures of publishers, counted beside measured values and never combined with them."),
        anchor="grade",
    ),
    _("Results in values"): ColumnHelp(
        meaning=_("Accepted results of this contributor that stand behind values of this hardware."),
    ),
    _("Reading per watt, W"): ColumnHelp(
        meaning=_(
            "How many watts the board's sensor shows more when the external meter shows one watt more."
        ),
    ),
    _("Offset, W"): ColumnHelp(
        meaning=_("What the board's sensor shows beyond that when the external meter shows nothing."),
    ),
    _("Model and its facts"): ColumnHelp(
        meaning=_(
            "Its number of parameters, its licence and its first day on the hub, where a source states them. "
            "Each word of the head sorts by it."
        )
    ),
    _("Rank"): ColumnHelp(
        meaning=_(
            "The place by energy under the same conditions. Two models share ranks where the interval of their "
            "difference does not show which one uses more."
        ),
        anchor="comparing",
    ),
    _("Wh per 1,000 queries"): ENERGY,
    _("95 % interval, Wh"): INTERVAL,
    _("95 % interval, J"): INTERVAL,
    _("95 % interval"): INTERVAL,
    _("Range of runs, Wh"): ColumnHelp(
        meaning=_("The smallest and the largest of the publisher's runs; no interval of ours."),
        anchor="intervals",
    ),
    _("Interval between contributors, J"): ColumnHelp(
        meaning=_(
            "How far the value could still move with more contributors on such boards. The shared error of "
            "their sensors is not in it."
        ),
        anchor="intervals",
    ),
    _("gCO2e per 1,000 queries"): ColumnHelp(
        meaning=_(
            "The energy times the carbon intensity of the electricity of a region and a year, whose own "
            "uncertainty is not in the interval."
        ),
        anchor="value",
    ),
    _("J per query"): ColumnHelp(
        meaning=_("The energy of one query in joules: 3.6 times the watt-hours of 1,000."), anchor="value"
    ),
    _("Joules per"): ColumnHelp(
        meaning=_(
            "What the energy is divided by. Tokens are each model's own, so fewer joules per token need not be "
            "less energy for the same text."
        )
    ),
    _("Based on"): ColumnHelp(
        meaning=_(
            "How many results, devices and independent contributors stand behind the value, and how far they "
            "corroborate each other."
        ),
        anchor="tier",
    ),
    _("Quality"): QUALITY,
    _("Evidence"): ColumnHelp(
        meaning=_("Where the number comes from: how sure it is, the results behind it, or its source."),
        anchor="uncertainty",
    ),
    _("Times the least"): ColumnHelp(
        meaning=_(
            "The energy over the least of these rows that was measured under the same conditions, with the "
            "interval of the ratio."
        ),
        anchor="comparing",
    ),
    _("Measured under"): ColumnHelp(
        meaning=_(
            "Series, data set, hardware, scope and configuration. Energies compare directly where all of these "
            "are equal."
        ),
        anchor="scope",
    ),
    _("Latency, s"): ColumnHelp(
        meaning=_(
            "The median time of one query in seconds, and the peak memory of the device in that run. They are "
            "evidence of the run; nothing is ranked by them."
        )
    ),
    _("Scope"): ColumnHelp(
        meaning=_("The hardware whose energy is included. Different scopes do not compare directly."),
        anchor="scope",
    ),
    _("Ratio"): ColumnHelp(
        meaning=_(
            "The energy of the general-purpose models over that of the task-specific ones; below 1 they use "
            "less."
        ),
        anchor="comparing",
    ),
    _("95 % interval over models"): ColumnHelp(
        meaning=_(
            "How far the ratio could move with another choice of as many models: models are the sample here."
        ),
        anchor="comparing",
    ),
    _("Measurement uncertainty alone"): ColumnHelp(
        meaning=_("How far the ratio of just these models could move with other measurements of them."),
        anchor="intervals",
    ),
    _("Range of pairs"): ColumnHelp(
        meaning=_("The smallest and the largest ratio of one general-purpose to one task-specific model."),
    ),
    _("Quality, general-purpose minus task-specific"): ColumnHelp(
        meaning=_("The difference of the median scores; above 0 the general-purpose models answer better."),
        anchor="comparing",
    ),
    _("How computed"): ColumnHelp(
        meaning=_("Within devices that ran both models, or from the values of separate devices."),
        anchor="comparing",
    ),
    _("Ratio at equal size"): ColumnHelp(
        meaning=_("The same ratio once the effect of the number of parameters on energy has been taken out."),
        anchor="comparing",
    ),
    _("Hardware and scope"): ColumnHelp(
        meaning=_("What the models ran on, and the hardware whose energy is included."), anchor="scope"
    ),
    _("Difference"): ColumnHelp(
        meaning=_("How far this one lies from all the others together, in per cent of their value."),
        anchor="value",
    ),
    _("Its uncertainty"): ColumnHelp(
        meaning=_("Of the difference, k = 2: a difference within it may be chance."), anchor="uncertainty"
    ),
    _("Weight"): ColumnHelp(
        meaning=_(
            "The share of this contributor in the value. All start equal; whoever lies far from the others "
            "loses."
        ),
        anchor="value",
    ),
    _("Component"): ColumnHelp(
        meaning=_("A cause of uncertainty in the budget of the energy."), anchor="uncertainty"
    ),
    _("Evaluation"): ColumnHelp(
        meaning=_("A: from the scatter of readings. B: from what is known of the meter."),
        anchor="uncertainty",
    ),
    _("Relative, k = 1"): ColumnHelp(
        meaning=_(
            "The standard uncertainty in per cent of the energy; the interval has twice their root of squares."
        ),
        anchor="uncertainty",
    ),
    _("Spread between contributors"): ColumnHelp(
        meaning=_("The standard deviation of one contributor around the value, in per cent."), anchor="value"
    ),
    _("Interval, ±"): ColumnHelp(
        meaning=_("Half the width of the interval between contributors, in per cent of the value."),
        anchor="intervals",
    ),
    _("State"): ColumnHelp(
        meaning=_(
            "What has become of the result: received, checked, accepted, set aside, rejected or withdrawn."
        )
    ),
    _("Verdict"): ColumnHelp(
        meaning=_("The outcome of a fixed rule, which stands above the table; nobody decides a single row.")
    ),
    _("Boundary"): ColumnHelp(
        meaning=_(
            "What the source's number includes. A number that includes more than a board measures is not "
            "compared."
        )
    ),
    _("How the source got it"): ColumnHelp(
        meaning=_("Measured, estimated or published, as far as the source says how.")
    ),
    _("Measured here"): ColumnHelp(
        meaning=_(
            "The geometric mean of this platform's measured values of the same quantity, with the range of "
            "their intervals."
        )
    ),
    _("Stated"): ColumnHelp(meaning=_("The number in the source's own digits.")),
    _("Recomputed"): ColumnHelp(meaning=_("The number that follows from the study's own logs.")),
    _("Queries until parity"): PARITY,
    _("As published"): ColumnHelp(meaning=_("The number of queries until parity that the article prints.")),
    _("Both families"): ColumnHelp(
        meaning=_("All pairs of the models of Flan-T5 and BLOOMz with the task-specific ones.")
    ),
    _("Time of this use"): ColumnHelp(
        meaning=_("How long the use above takes to need the energy of the training.")
    ),
    _("Source of the factor"): ColumnHelp(
        meaning=_("Who states the energy or the emissions of one such thing.")
    ),
    _("Agree with others"): ColumnHelp(
        meaning=_(
            "Results that differ from other contributors' by no more than sensors and devices explain."
        ),
        anchor="tier",
    ),
    _("Share that agrees"): ColumnHelp(
        meaning=_("Of the results that can be compared with others' at all."), anchor="tier"
    ),
    _("Nobody can tell yet"): ColumnHelp(
        meaning=_("No other contributor has measured the same on another device."), anchor="tier"
    ),
    _("Energy by the counter"): ColumnHelp(
        meaning=_("What the energy counter of the device counted in this phase."), anchor="estimators"
    ),
    _("Integral of the power readings"): ColumnHelp(
        meaning=_("The power readings of this phase summed over time."), anchor="estimators"
    ),
    _("Integral minus counter"): ColumnHelp(
        meaning=_("How far the two differ, in per cent of the counter's energy."), anchor="estimators"
    ),
    _("Checkpoints co-signed"): ColumnHelp(
        meaning=_("Checkpoints that the witness found consistent with all earlier ones.")
    ),
    _("Entries in the last"): ColumnHelp(
        meaning=_("The size of the log in the last checkpoint that it co-signed.")
    ),
    _("Last cosignature"): ColumnHelp(
        meaning=_("When this platform received the last signature of the witness.")
    ),
    _("Waiting since"): ColumnHelp(
        meaning=_(
            "Since when a checkpoint stands that the witness has not co-signed; a dash while there is none."
        )
    ),
    _("Root"): ColumnHelp(meaning=_("The hash that stands for all entries of the log at that size.")),
    _("Log leaf"): ColumnHelp(meaning=_("The number of the entry in the log that records this.")),
    _("Version of the board"): ColumnHelp(meaning=_("A number that rises with every change of the board.")),
    _("GPU minutes"): ColumnHelp(
        meaning=_("How long one result of this job takes on a graphics card of the standard suite.")
    ),
    _("Peak device memory"): ColumnHelp(
        meaning=_("The most memory of the device that the run held at once.")
    ),
    _("Tokens per query, in and out"): ColumnHelp(
        meaning=_("The mean number of tokens that the model reads and writes; tokens are each model's own.")
    ),
    _("Latency, median"): ColumnHelp(meaning=_("Half of the queries took less time, half took more.")),
    _("Releases that hold it"): ColumnHelp(
        meaning=_(
            "Releases of the data that were made before it was taken back: they never change and count it."
        )
    ),
    _("Clause"): ColumnHelp(
        meaning=_("Where the standard asks for it: a clause, a term of its formula, or a point of an annex.")
    ),
    _("Our field"): ColumnHelp(
        meaning=_("The name of a field in results, in rows of boards, or in the API's answers.")
    ),
    _("Rows"): ColumnHelp(meaning=_("Rows of the input that were not taken over for this reason.")),
}
"""By the head's English text."""
