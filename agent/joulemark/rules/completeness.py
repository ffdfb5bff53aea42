"""Rules about missing data, and about the flags that the agent itself raised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from joulemark.energy.budget import expanded
from joulemark.energy.comparison import disagreements
from joulemark.record.text import hidden_characters
from joulemark.rules.finding import Broken, Severity
from joulemark.rules.rule import broken, quoted, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from joulemark.rules.case import Case

DISAGREE = "counters-disagree"
"""Makes a run unfit where the estimators differ by more than the result's own interval (`_beyond_its_interval`)."""

DIRTY = frozenset(
    {
        "foreign-process",
        "thermal-slowdown",
        "hw-slowdown",
        "power-brake",
        "counter-went-backwards",
        "missing-reading",
        "not-steady",
        "idle-drift",
        "power-limit-changed",
        "mig",
        "power-controls-changed",
        "noisy-machine",
        "foreign-cpu",
        "suspended",
    }
)
"""Flags that make a run unfit to be combined, each known without looking at the energy (docs/method.md)."""


GAUGES = frozenset(
    {
        "gpu-power-instant",
        "gpu-temperature",
        "gpu-throttle",
        "gpu-foreign-processes",
        "gpu-power-limit",
        "gpu-mig",
    }
)
"""Gauges of a GPU beside its energy; an agent that cannot read one gives the reason in `not_read`."""


PROCESSOR_TIME = frozenset({"cpu-own", "cpu-foreign"})
"""Gauges beside the energy of a processor package, whose counter includes the work of all processes."""


NOT_SCORED = frozenset(
    {
        "no-references",
        "labels-unknown",
        "labels-do-not-meet",
        "needs-another-model",
        "needs-a-corpus",
        "open-ended",
        "not-a-number",
    }
)
"""Reasons for which a metric may have no value, as the agent's workloads state them."""


PLAIN = (float, int)
NESTED = (msgspec.Struct, tuple)
"""Most fields are numbers, which contain no text; only records and lists contain nulls."""


@rule(
    "JM-ABSENT",
    Severity.REJECT,
    "Null fields have a reason",
    condition="Every null field has a reason, and every reason belongs to a null field",
    mend=None,
    version="1",
)
def nulls_have_reasons(case: Case) -> Broken | None:
    """Every null field has a reason in `absent`, and every reason belongs to a null field."""
    nulls = set(_nulls(case.predicate, ""))
    named = set(case.predicate.absent)
    if missing := nulls - named:
        names = ", ".join(sorted(missing))
        return broken(f"These fields are null without a reason: {names}.", fields=names)
    if superfluous := named - nulls:
        names = ", ".join(sorted(superfluous))
        return broken(
            f"These fields have a reason for their absence but are not null: {quoted(names)}.", fields=names
        )
    return None


@rule(
    "JM-DIRTY",
    Severity.QUARANTINE,
    "The run is clean",
    condition="The agent raised no flag that makes a run unfit, and no two estimators of the energy differ by more "
    "than the result's own interval",
    mend="Remove the cause that the flag names; measure again",
    version="8",
)
def run_is_clean(case: Case) -> Broken | None:
    """The agent raised none of the flags that make a run unfit."""
    if raised := ", ".join(sorted(DIRTY.intersection(case.predicate.flags))):
        return broken(f"The agent flagged the run: {raised}.", flags=raised)
    if _beyond_its_interval(case):
        return broken(
            "Two estimators of the energy differ by more than the result's own interval.", flags=DISAGREE
        )
    return None


def _beyond_its_interval(case: Case) -> bool:
    """Whether another estimator lies outside the interval that the result states for its energy (k = 2)."""
    if case.read is None:
        return False  # trace_is_complete says so
    interval = expanded(case.read.budget)
    return any(abs(each.relative) > interval for each in disagreements(case.read.comparisons))


@rule(
    "JM-ESTIMATORS",
    Severity.FLAG,
    "Estimators agree",
    condition="Estimators of the same energy differ by no more than the interval that both leave open together",
    mend="Run `joulemark doctor` to time the counter anew; where a card's own readings differ, nothing",
    version="8",
)
def estimators_agree(case: Case) -> Broken | None:
    """Counter, power readings and the counter's derivative tell one energy, within what each of them can misplace."""
    apart = disagreements(case.read.comparisons) if case.read is not None else ()
    if not apart:
        return None
    worst = max(apart, key=lambda each: abs(each.relative) / each.joint if each.joint else math.inf)
    return broken(
        f"By the estimator {worst.estimator} the energy is {worst.relative:+.2%} beside the headline; both together "
        f"leave {worst.joint:.2%} open.",
        estimator=worst.estimator,
        relative=worst.relative,
        joint=worst.joint,
        windows=worst.windows,
        estimators=", ".join(each.estimator for each in apart),
    )


@rule(
    "JM-QUALITY",
    Severity.QUARANTINE,
    "Quality is stated",
    condition="Each of the suite's metrics for the data set is stated once, between 0 and 1 and over no more "
    "answers than there were queries, or has a known reason for its absence",
    mend=None,
    version="4",
)
def quality_is_stated(case: Case) -> Broken | None:
    """Each of the suite's metrics is stated, in range and over no more answers than queries, or has a known reason."""
    suite, work = case.context.suite, case.predicate.workload
    task = next((t for t in suite.tasks if t.id == work.task), None) if suite else None
    if suite is None or task is None or all(d.id != work.dataset for d in suite.datasets):
        return None
    excused, asked_for = case.predicate.not_scored, suite.quality_metrics(work.dataset)
    if strange := sorted(set(excused.values()) - NOT_SCORED):
        return broken(f"{quoted(strange[0])} is not a known reason for a missing metric.", reason=strange[0])
    stated = sorted(q.metric for q in case.predicate.quality)
    if sorted([*stated, *set(excused).intersection(asked_for)]) != sorted(asked_for):
        listed, required = (", ".join(names) or "nothing" for names in (stated, asked_for))
        return broken(
            f"Quality is stated as {quoted(listed)}; the suite asks for {required}.",
            stated=listed,
            wanted=required,
        )
    queries = len(case.sample.query_ids) if case.sample else suite.queries_per_window(work.dataset)
    for quality in case.predicate.quality:
        if not 0 <= quality.value <= 1 or not quality.higher_is_better:
            return broken(
                f"{quoted(quality.metric)} lies between 0 and 1, the higher the better; {quality.value} was stated.",
                metric=quality.metric,
                value=quality.value,
                higher_is_better=quality.higher_is_better,
            )
        if quality.n > queries:
            return broken(
                f"{quoted(quality.metric)} is over {quality.n} answers; the sample has {queries} queries.",
                metric=quality.metric,
                n=quality.n,
                queries=queries,
            )
    return None


@rule(
    "JM-GAUGES",
    Severity.QUARANTINE,
    "The device's state was read",
    condition="The GPU's power, temperature, clock event reasons, power limit, processes and MIG were read, and "
    "with RAPL the processor time of the run and of others, or the result gives the reason",
    mend=None,
    version="7",
)
def gauges_are_there(case: Case) -> Broken | None:
    """The trace has the device's state or the reason for its absence: flags are derived from it."""
    read = {str(gauge.name) for gauge in case.trace.gauges}
    missing = ", ".join(sorted(_required(case) - read - set(case.predicate.not_read)))
    return (
        broken(f"The trace lacks {missing}, and no reason is stated.", missing=missing) if missing else None
    )


def _required(case: Case) -> frozenset[str]:
    """The gauges that are required; agents too old to state `parallelism` do not read processor time."""
    on_gpu = GAUGES if case.predicate.sensor.meter == "nvml-counter" else frozenset[str]()
    by_rapl = any(stream.unit == "uJ" for stream in case.trace.streams)
    return on_gpu | PROCESSOR_TIME if by_rapl and case.predicate.parallelism is not UNSET else on_gpu


@rule(
    "JM-TEXT",
    Severity.REJECT,
    "Text has no hidden characters",
    condition="No text contains invisible characters",
    mend=None,
    version="1",
)
def words_can_be_seen(case: Case) -> Broken | None:
    """No text contains characters that are invisible or reorder others."""
    if _is_plain(msgspec.json.encode(case.predicate)):
        return None
    for word in _words(case.predicate):
        if not (word.isascii() and word.isprintable()) and (hidden := hidden_characters(word)):
            return broken(f"A text contains invisible characters: {hidden}.", characters=str(hidden))
    return None


def _is_plain(written: bytes) -> bool:
    """Whether the JSON is ASCII without escapes: then all of its text is visible."""
    return written.isascii() and b"\\" not in written and b"\x7f" not in written


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for item in msgspec.structs.astuple(value):
            if not isinstance(item, PLAIN):
                yield from _words(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _words(key)
            yield from _words(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from _words(item)


def _nulls(value: object, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, msgspec.Struct):
        for name, item in zip(value.__struct_fields__, msgspec.structs.astuple(value), strict=True):
            if item is None or isinstance(item, NESTED):
                yield from _nulls(item, f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for item in value:
            yield from _nulls(item, path)
