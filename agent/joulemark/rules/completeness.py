"""Rules about what is left out, and about what the agent itself found wrong with the run."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from joulemark.record.text import hidden_characters
from joulemark.rules.case import Case

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
        "counters-disagree",
        "noisy-machine",
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
"""What is read of a GPU beside its energy; an agent that cannot read one says why in `not_read`."""


NOT_SCORED = frozenset(
    {
        "no-references",
        "labels-unknown",
        "labels-do-not-meet",
        "needs-another-model",
        "needs-a-corpus",
        "open-ended",
    }
)
"""Why a metric may have no value, as the agent's workloads say it."""


def nulls_have_reasons(case: Case) -> str | None:
    """Every null has a reason in `absent`, and every reason belongs to a null."""
    nulls = set(_nulls(case.said, ""))
    named = set(case.said.absent)
    if missing := nulls - named:
        return f"These fields are null without a reason: {', '.join(sorted(missing))}."
    if superfluous := named - nulls:
        return f"These fields have a reason to be absent but are not null: {', '.join(sorted(superfluous))}."
    return None


def run_is_clean(case: Case) -> str | None:
    """The agent raised none of the flags that make a run unfit."""
    raised = sorted(DIRTY.intersection(case.said.flags))
    return f"The agent flagged the run: {', '.join(raised)}." if raised else None


def quality_is_stated(case: Case) -> str | None:
    """Each of the suite's metrics is there or has a known reason, within range and over no more answers than given."""
    suite, work = case.context.suite, case.said.workload
    task = next((t for t in suite.tasks if t.id == work.task), None) if suite else None
    if suite is None or task is None or all(d.id != work.dataset for d in suite.datasets):
        return None
    excused, asked_for = case.said.not_scored, suite.quality_metrics(work.dataset)
    if strange := sorted(set(excused.values()) - NOT_SCORED):
        return f"{strange[0]} is no reason for which a metric has no value."
    stated = sorted(q.metric for q in case.said.quality)
    if sorted([*stated, *set(excused).intersection(asked_for)]) != sorted(asked_for):
        wanted = ", ".join(asked_for) or "nothing"
        return f"Quality is stated as {', '.join(stated) or 'nothing'}; the suite asks for {wanted}."
    asked = suite.queries_per_window(work.dataset)
    for quality in case.said.quality:
        if not 0 <= quality.value <= 1 or not quality.higher_is_better:
            return (
                f"{quality.metric} lies between 0 and 1, the higher the better; {quality.value} was stated."
            )
        if quality.n > asked:
            return f"{quality.metric} is over {quality.n} answers; a window asks {asked} queries."
    return None


def gauges_are_there(case: Case) -> str | None:
    """A GPU's state travels with its energy, or the reason why it was not read: without it no flag can be found."""
    if case.said.sensor.meter != "nvml-counter":
        return None
    read = {str(gauge.name) for gauge in case.trace.gauges}
    missing = sorted(GAUGES - read - set(case.said.not_read))
    return f"The trace has no {', '.join(missing)}, and no reason why." if missing else None


def words_can_be_seen(case: Case) -> str | None:
    """No word holds characters that draw nothing or turn the order of others."""
    for word in _words(case.said):
        if hidden := hidden_characters(word):
            return f"A word holds characters that cannot be seen: {hidden}."
    return None


def _words(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _words(getattr(value, name))
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
        for name in value.__struct_fields__:
            yield from _nulls(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for item in value:
            yield from _nulls(item, path)
