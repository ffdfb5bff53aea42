"""Tables to which rows are only ever added: each row came with one entry of the log and stands in its range."""

from __future__ import annotations

from joulemark.release.columns import (
    CELL_KEY,
    HARDWARE_CODE,
    LEAF,
    LICENCE,
    RESULT_ID,
    Column,
    Table,
    amount,
    count,
    moment,
    structured,
    text,
    words,
)


def _if_derived(column: Column) -> Column:
    """The same column where it is null if no result could be derived from the bundle."""
    return Column(column.name, column.kind, column.description, column.unit, nullable=True)


EVENTS = Table(
    name="events",
    description="Every entry of the log: keys, tickets, results, verdicts, decisions, suites and releases.",
    partition="leaf",
    key=("leaf_index",),
    columns=(
        LEAF,
        text("kind", "What the entry records, such as result-received; an open set of words."),
        text("subject", "Whom or what it is about: a digest or a pseudonym."),
        moment("at", "When it happened."),
        text(
            "statement", "The entry's exact JSON; its leaf hash is SHA-256 over a zero byte and these bytes."
        ),
        text("leaf_hash", "Leaf hash of RFC 6962, in hex."),
        count("written", "Order in which the platform wrote it; the order of arrival by which rules judge."),
        LICENCE,
    ),
)

RESULTS = Table(
    name="results",
    description="Every bundle that was received, with the numbers that follow from it; `states` says which count.",
    partition="leaf",
    key=("leaf_index",),
    columns=(
        LEAF,
        RESULT_ID,
        moment("received_at", "When the platform received it."),
        text("key_id", "SHA-256 of the public key that signed it, in hex."),
        text("contributor", "Pseudonym of whom the key belongs to."),
        text("ticket", "Id of the ticket under which it ran; null for a run without one.", nullable=True),
        text("trace_sha256", "SHA-256 of the trace's bytes before compression, in hex."),
        text(
            "not_derived",
            "Why the numbers are null: not-judged; rejected, by the rules; or not-readable, where bytes or a failure "
            "of the rules gave no numbers.",
            nullable=True,
        ),
        *(_if_derived(column) for column in CELL_KEY),
        text("device", "Tag of the device, a pseudonym that its agent derives.", nullable=True),
        text("dataset_revision", "Commit of the data set.", nullable=True),
        text("model_revision", "Commit of the model.", nullable=True),
        text("weights_sha256", "SHA-256 over the weights, in hex.", nullable=True),
        text("dtype", "Number format of the weights.", nullable=True),
        count("batch_size", "Queries that ran together.", "1", nullable=True),
        count("parameters", "Weights of the model.", "1", nullable=True),
        text("meter", "What was read: nvml-counter, rapl or cpu-time-estimate.", nullable=True),
        text("session", "Random id of the run that it belongs to.", nullable=True),
        moment("started_at", "When the run began, by the machine's own clock.", nullable=True),
        count("queries", "Queries that were answered.", "1", nullable=True),
        count("window_count", "Windows, each with queries back to back.", "1", nullable=True),
        amount("duration_s", "s", "Length of all windows together.", nullable=True),
        amount("energy_gross_j", "J", "Energy of all windows; of an estimate by its processor's watts.", nullable=True),
        amount("energy_net_j", "J", "The same less the power at rest; null where that is not known.", nullable=True),
        amount("energy_per_query_j", "J", "Gross energy of a query, the number that cells combine.", nullable=True),
        amount("relative_u", "1", "Stated standard uncertainty of it, relative; null without a budget.", nullable=True),
        amount("method_u", "1", "The part of it that boards of one design do not share.", nullable=True),
        amount("window_u", "1", "The part of it that the scatter of the windows gives.", nullable=True),
        amount("mean_power_w", "W", "Power at which the energy of the queries was drawn; null where the trace does "
               "not tell.", nullable=True),
        amount("latency_p50_s", "s", "Median time of a query.", nullable=True),
        amount("latency_p95_s", "s", "95th percentile of the time of a query.", nullable=True),
        count("output_tokens", "Tokens that were generated.", "1", nullable=True),
        count("input_tokens", "Tokens that the model was given.", "1", nullable=True),
        count("peak_memory_bytes", "Most device memory that tensors took.", "B", nullable=True),
        structured("quality", "Scores of the same answers: a list of {metric, value, n, higher_is_better}.",
                   nullable=True),
        structured("not_scored", "Why a metric has no value, by its name.", nullable=True),
        text("sample_sha256", "SHA-256 over the ids of the queries in order, in hex.", nullable=True),
        text("inputs_sha256", "SHA-256 over what the queries gave the model; empty where not stated.", nullable=True),
        text("outputs_sha256", "SHA-256 over the answers, in hex.", nullable=True),
        text("times_sha256", "SHA-256 over the times of all counters, in hex: a scaled trace keeps it.", nullable=True),
        text("agent_version", "Version of the agent that measured.", nullable=True),
        text("agent_source_sha256", "SHA-256 over the agent's own source files, in hex.", nullable=True),
        LICENCE,
    ),
)  # fmt: skip

TICKETS = Table(
    name="tickets",
    description="Tickets under which a result came; those without one are in `events` as run-started.",
    partition="leaf",
    key=("leaf_index",),
    columns=(
        LEAF,
        RESULT_ID,
        text("ticket", "Id of the ticket."),
        count("started_leaf_index", "Index of the entry run-started."),
        text("key_id", "SHA-256 of the public key that asked for it, in hex."),
        text("nonce", "What the run had to carry."),
        count("sample_seed", "What chose the queries."),
        text("suite_digest", "SHA-256 over the files of the suite, in hex."),
        text("task", "Task of the job."),
        text("dataset", "Data set of the job."),
        text("model", "Model of the job."),
        text("device", "Tag of the device that was announced."),
        text("request_sha256", "SHA-256 of the signed request, in hex."),
        moment("issued_at", "When it was given."),
        moment("expires_at", "Until when a result was due."),
        LICENCE,
    ),
)

WINDOWS = Table(
    name="windows",
    description="Every window of every result whose trace could be read: queries back to back under the meter.",
    partition="leaf",
    key=("leaf_index", "window"),
    columns=(
        LEAF,
        RESULT_ID,
        count("window", "Number of the window in its run, from 0."),
        amount("start_s", "s", "Begin of the window on the trace's clock."),
        amount("end_s", "s", "End of the window on the trace's clock."),
        amount("duration_s", "s", "Length of the window."),
        count("queries", "Queries that were answered.", "1"),
        count("output_tokens", "Tokens that were generated.", "1", nullable=True),
        count("input_tokens", "Tokens that the model was given.", "1", nullable=True),
        amount("energy_gross_j", "J", "Energy of the window as it was stated."),
        amount("energy_net_j", "J", "The same less the power at rest; null where that is not known.", nullable=True),
        text("grade", "measured or estimated."),
        text("scope", "What the energy covers."),
        LICENCE,
    ),
)  # fmt: skip

TRACES = Table(
    name="traces",
    description="The ticks of every sensor, decoded: one row a counter, gauge, kind of span, or window's queries.",
    partition="leaf",
    key=("leaf_index", "kind", "name"),
    forms=("parquet", "jsonl.gz"),
    columns=(
        LEAF,
        RESULT_ID,
        text("kind", "counter, gauge, span or queries."),
        text("name", "Name of the sensor, of the kind of span, or `window-` with the number of the window."),
        text("scope", "What a counter counts; null for others.", nullable=True),
        text("unit", "Unit of `value`: mJ, uJ, cpu-us, mW, C, mask, count, cpu-ms; us for spans and queries."),
        amount("joules_per_unit", "J", "Joules of one unit of a counter; null for others.", nullable=True),
        count("wraps_at", "Modulus of a counter in units; null where it does not wrap.", nullable=True),
        Column("t_us", "list<int64>", "Times of readings, begins of spans or of queries, on the trace's clock.", "us"),
        Column("value", "list<int64>", "Readings; ends of spans; durations of queries."),
        LICENCE,
    ),
)  # fmt: skip

VERDICTS = Table(
    name="verdicts",
    description="Every verdict of the rules. A result that is judged again keeps the former ones; the last stands.",
    partition="leaf",
    key=("leaf_index",),
    columns=(
        LEAF,
        RESULT_ID,
        text("state", "accepted, quarantined or rejected."),
        text(
            "cause",
            "Why it was judged: rules, new-rules, reported (runs announced beside it), or a key's end.",
        ),
        text("occasion", "Tells apart what a cause may bring about more than once."),
        words("codes", "Codes of the rules that are violated."),
        text("rules_version", "Version of the rules."),
        structured("findings", "List of {code, severity, sentence, evidence}."),
        moment("judged_at", "When it was judged."),
        LICENCE,
    ),
)

DECISIONS = Table(
    name="decisions",
    description="What persons decided: moderators about results and names, contributors about results of theirs.",
    partition="leaf",
    key=("leaf_index",),
    columns=(
        LEAF,
        text("kind", "moderation, withdrawal, appeal or name-decision."),
        text("result_id", "The result that it is about; null for a name.", nullable=True),
        text(HARDWARE_CODE.name, "The hardware class whose name it is about; null for a result.", nullable=True),
        text("state", "In which state it leaves the result or the name; null for an appeal.", nullable=True),
        text("reason", "Code of the reason; null for a name and an appeal.", nullable=True),
        moment("decided_at", "When it was decided, withdrawn or filed."),
        LICENCE,
    ),
)  # fmt: skip

LEAF_TABLES = (EVENTS, RESULTS, TICKETS, WINDOWS, TRACES, VERDICTS, DECISIONS)
