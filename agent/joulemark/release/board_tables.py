"""Tables of what is combined and compared, whole in each release: states, cells, ranks, comparisons, factors."""

from __future__ import annotations

from joulemark.release.columns import (
    CELL_KEY,
    CELL_KEY_NAMES,
    HARDWARE_CODE,
    LICENCE,
    RESULT_ID,
    SUITE,
    Table,
    amount,
    count,
    flag,
    moment,
    structured,
    text,
    words,
)

SERIES = text("series", "Suite, version and grade in one word, as addresses of boards have it.")
VERSION = count("version", "Version of the series' board when the value was written.")
UPDATED_AT = moment("updated_at", "When it was written.")
PART_KEY = (
    *SUITE,
    text("grade", "measured or estimated."),
    text("task", "Task, by its name in addresses."),
    text("dataset", "Data set, by its name in addresses."),
    HARDWARE_CODE,
    text("scope", "What the energy covers."),
)
PART_KEY_NAMES = tuple(column.name for column in PART_KEY)

STATES = Table(
    name="states",
    description="Where each result stands, why, and how it agrees with those of others in its cell.",
    partition="snapshot",
    key=("result_id",),
    columns=(
        RESULT_ID,
        text("state", "received, checking, accepted, quarantined, rejected or withdrawn."),
        words("codes", "Codes of the verdict that stands last."),
        moment("since", "When it moved to this state."),
        flag("agrees", "Whether it agrees with independent others; null while nobody knows.", nullable=True),
        amount("relative", "1", "Its value over the others' centre, less 1; null where there is none.", nullable=True),
        amount("tolerance", "1", "How far it may lie from them and agree.", nullable=True),
        count("n_others", "Others that it was compared with; null while it is not compared.", nullable=True),
        flag("wants_replication", "Whether another contributor's result is asked for.", nullable=True),
        LICENCE,
    ),
)  # fmt: skip

CELLS = Table(
    name="cells",
    description="One value a model, data set, hardware class and configuration, combined of the results that count.",
    partition="snapshot",
    key=CELL_KEY_NAMES,
    columns=(
        SERIES,
        *CELL_KEY,
        text("hardware", "Hardware class by its name once that is confirmed, else by its code."),
        amount("energy_per_query_j", "J", "Energy of a query."),
        amount("low_j", "J", "Lower end of the 95 % interval of the true energy.", nullable=True),
        amount("high_j", "J", "Upper end of it.", nullable=True),
        amount("between_low_j", "J", "Lower end of the 95 % interval between contributors.", nullable=True),
        amount("between_high_j", "J", "Upper end of it.", nullable=True),
        amount("sensor_u", "1", "Relative standard uncertainty that the sensors share; null for an estimate.",
               nullable=True),
        text("interval", "How the interval between contributors was computed; empty where there is none."),
        text("no_interval", "Why there is none; empty where there is one."),
        amount("least_j", "J", "What a contributor says least."),
        amount("most_j", "J", "What a contributor says most."),
        amount("spread", "1", "Standard deviation of one contributor around the value, relative.", nullable=True),
        amount("dark_u", "1", "The part of it that stated uncertainties do not explain.", nullable=True),
        amount("shift", "1", "Largest change by leaving one contributor out, relative.", nullable=True),
        structured("variance", "Relative standard deviations by level, null where not known, with the reasons."),
        amount("voices", "1", "How many independent contributors they count as at most."),
        count("n_devices", "Device tags.", "1"),
        count("n_contributors", "Contributors.", "1"),
        count("n_results", "Results.", "1"),
        text("label", "single source or several sources."),
        text("tier", "How far the value has come: docs/trust.md."),
        structured("quality", "Combined scores with their intervals, one of each metric."),
        structured("unit_energies", "Joules per token and per right answer, with why there is none."),
        amount("latency_p50_s", "s", "Median over results of their median time of a query.", nullable=True),
        count("peak_memory_bytes", "Most device memory that a result's tensors took.", "B", nullable=True),
        flag("is_current", "False while the value waits to be computed anew: a result came, went or changed since."),
        VERSION,
        UPDATED_AT,
        LICENCE,
    ),
)  # fmt: skip

RANKS = Table(
    name="ranks",
    description="The place of each cell among those of its data set, hardware class, scope and stratum.",
    partition="snapshot",
    key=CELL_KEY_NAMES,
    columns=(
        SERIES,
        *CELL_KEY,
        text("kind", "task-specific, general-purpose or unknown."),
        count("rank", "Best rank that the intervals leave open; null for a single source.", nullable=True),
        count("rank_worst", "Worst rank that they leave open.", nullable=True),
        words("front", "Metrics by which no other surely uses less energy and surely scores better."),
        words("beaten", "Metrics by which one does."),
        VERSION,
        LICENCE,
    ),
)

COMPARISONS = Table(
    name="comparisons",
    description="General-purpose against task-specific models of one data set, hardware class, scope and grade.",
    partition="snapshot",
    key=PART_KEY_NAMES,
    columns=(
        SERIES,
        *PART_KEY,
        amount("ratio", "1", "Energy of a general-purpose model over that of a task-specific one."),
        amount("over_models_low", "1", "Lower end of the 95 % interval over models.", nullable=True),
        amount("over_models_high", "1", "Upper end of it.", nullable=True),
        amount("degrees", "1", "Degrees of freedom that it rests on.", nullable=True),
        text("no_interval", "Why there is no interval over models; null where there is one.", nullable=True),
        amount("low", "1", "Ratio of the pair with the smallest."),
        amount("high", "1", "Ratio of the pair with the largest."),
        amount("low_95", "1", "Lower end of the 95 % interval of the measurement alone.", nullable=True),
        amount("high_95", "1", "Upper end of it.", nullable=True),
        words("general_purpose_models", "Models of the one kind that are in a pair."),
        words("task_specific_models", "Models of the other kind."),
        count("n_pairs", "Pairs of models.", "1"),
        count("n_sources", "Devices, or conditions, that stand behind the pairs.", "1"),
        text("formed", "same device, cells or mixed."),
        structured("quality", "Differences of scores beside it."),
        structured("general_purpose", "Models, medians of energy and of scores of the one kind."),
        structured("task_specific", "The same of the other kind."),
        VERSION,
        UPDATED_AT,
        LICENCE,
    ),
)

SIZE_FACTORS = Table(
    name="size_factors",
    description="The factor between the kinds at equal size, of a suite version and grade.",
    partition="snapshot",
    key=("suite", "suite_version", "grade"),
    columns=(
        SERIES,
        *SUITE,
        text("grade", "measured or estimated."),
        structured("estimate", "Factor, exponent and their intervals; null where size and kind cannot be told apart.",
                   nullable=True),
        VERSION,
        LICENCE,
    ),
)  # fmt: skip


def _between(table: Table, first: str, last: str) -> tuple[str, ...]:
    names = table.column_names
    return names[names.index(first) : names.index(last) + 1]


CELL_NUMBERS = _between(CELLS, "energy_per_query_j", "peak_memory_bytes")
"""Columns of `cells` that follow from the results that count."""

PLACE_NUMBERS = _between(RANKS, "rank", "beaten")
"""Columns of `ranks` that follow from the values of a part."""

PAIRED_NUMBERS = _between(COMPARISONS, "ratio", "formed")
"""Columns of `comparisons` that follow from its pairs of models."""

COMPARISON_SIDES = _between(COMPARISONS, "quality", "task_specific")
"""Those that are of both kinds of model."""

BOARD_TABLES = (STATES, CELLS, RANKS, COMPARISONS, SIZE_FACTORS)
