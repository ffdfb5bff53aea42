"""Rules about what is left out, and about what the agent itself found wrong with the run."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

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
    }
)
"""Flags that make a run unfit to be combined, each known without looking at the energy (docs/method.md)."""


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
    """The answers were scored with the metrics that the suite names for the task."""
    suite = case.context.suite
    task = next((t for t in suite.tasks if t.id == case.said.workload.task), None) if suite else None
    if task is None:
        return None
    missing = set(task.quality_metrics) - {quality.metric for quality in case.said.quality}
    return f"Quality is missing: {', '.join(sorted(missing))}." if missing else None


def _nulls(value: object, path: str) -> Iterator[str]:
    if value is None:
        yield path
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _nulls(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for item in value:
            yield from _nulls(item, path)
