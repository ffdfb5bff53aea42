"""Rules about what was run: suite, data set, model and sample are those that the suite pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.rules.case import Case

if TYPE_CHECKING:
    from joulemark.suite import Model

DTYPES = frozenset({"float32", "float16", "bfloat16", "float8", "int8", "int4"})
"""Number formats that a result may be run in; each is a stratum of its own."""

REPORTED_WITHIN = 3.0
"""Factor within which a model's parameters are those that a study reported: lists leave out heads or encoders."""


def suite_is_known(case: Case) -> str | None:
    """Name, version and digest are those of a suite that this platform has."""
    suite, said = case.context.suite, case.said.suite
    if suite is None or (suite.name, suite.version, suite.digest) != (said.name, said.version, said.digest):
        return f"Suite {said.name} {said.version} with digest {said.digest[:12]} is not one that this platform has."
    return None


def job_is_in_suite(case: Case) -> str | None:
    """The suite has this model on this data set for this task."""
    suite, work = case.context.suite, case.said.workload
    if suite is not None and case.job is None:
        return f"The suite has no job {work.task}/{work.dataset}/{work.model}."
    return None


def revisions_fit(case: Case) -> str | None:
    """Data set, model and weights are the pinned revisions."""
    suite, work = case.context.suite, case.said.workload
    if suite is None:
        return None
    dataset = next((d for d in suite.datasets if d.id == work.dataset), None)
    model = next((m for m in suite.models if m.id == work.model), None)
    for what, entry in (("Data set", dataset), ("Model", model)):
        if entry is not None and not entry.is_pinned:
            return (
                f"{what} {entry.id} is not pinned in suite {suite.name} {suite.version}, so nobody can tell what ran; "
                "run a pinned version of the suite."
            )
    if dataset is not None and work.dataset_revision != dataset.revision:
        return f"Data set {dataset.id} is pinned to another revision than {work.dataset_revision[:12]}."
    if model is not None and (work.model_revision, work.weights_sha256) != (
        model.revision,
        model.weights_sha256,
    ):
        return f"Model {model.id} ran with other weights than the suite pins."
    return None


def configuration_fits(case: Case) -> str | None:
    """Number format, batch size and number of parameters are such as the suite allows: one query at a time."""
    suite, work = case.context.suite, case.said.workload
    if work.dtype not in DTYPES:
        return f"The number format {work.dtype[:32]} is none of {', '.join(sorted(DTYPES))}."
    if work.batch_size != 1:
        return f"The suite runs one query at a time; this run took {work.batch_size}."
    if suite is not None and case.trace.mode != suite.protocol.mode:
        return f"The suite measures {suite.protocol.mode}; this run measured {case.trace.mode}."
    model = next((m for m in suite.models if m.id == work.model), None) if suite else None
    if model is not None and not _parameters_fit(model, work.parameters):
        return f"Model {model.id} has {model.parameters} parameters, not {work.parameters}."
    return None


def _parameters_fit(model: Model, stated: int) -> bool:
    """The very number where it was counted; else one of the reported size, because the weights are pinned."""
    if model.parameters_are == "counted":
        return stated == model.parameters
    return model.parameters / REPORTED_WITHIN <= stated <= model.parameters * REPORTED_WITHIN


def sample_is_seeded(case: Case) -> str | None:
    """The queries are those that the ticket's seed chooses, or the first ones where the suite says so.

    They are as many as the suite asks for in one window. A data set that is not pinned has no sample.
    """
    suite, said, expected = case.context.suite, case.said, case.sample
    if suite is None or expected is None:
        return None
    if said.workload.sample_sha256 != expected.sha256:
        if suite.protocol.sample == "first":
            return f"The queries are not the first {len(expected.query_ids)} of the data set."
        return "The sampled queries are not those that the ticket's seed chooses."
    if any(window.queries % len(expected.query_ids) for window in said.windows):
        return f"A window must run the sample of {len(expected.query_ids)} queries a whole number of times."
    return None


def enough_windows(case: Case) -> str | None:
    """At least as many windows as the suite's protocol asks for."""
    suite = case.context.suite
    if suite is not None and len(case.said.windows) < suite.protocol.windows_min:
        return (
            f"The run has {len(case.said.windows)} windows; the suite asks for {suite.protocol.windows_min}."
        )
    return None
