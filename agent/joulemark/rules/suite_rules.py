"""Rules about what was run: suite, data set, model and sample are those that the suite pins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.rules.rule import Broken, Severity, broken, quoted, rule

if TYPE_CHECKING:
    from joulemark.rules.case import Case
    from joulemark.suite import Model

DTYPES = frozenset({"float32", "float16", "bfloat16", "float8", "int8", "int4"})
"""Number formats that a result may be run in; each is a stratum of its own."""

REPORTED_WITHIN = 3.0
"""Factor within which a model's parameters are those that a study reported: lists leave out heads or encoders."""


@rule(
    "JM-SUITE-UNKNOWN",
    Severity.REJECT,
    "The suite is known",
    kept="Name, version and digest are those of a suite that the platform has",
    mend="Install the release that the platform names",
    version="1",
)
def suite_is_known(case: Case) -> Broken | None:
    """Name, version and digest are those of a suite that this platform has."""
    suite, said = case.context.suite, case.said.suite
    if suite is not None and (suite.name, suite.version, suite.digest) == (
        said.name,
        said.version,
        said.digest,
    ):
        return None
    return broken(
        f"Suite {quoted(f'{said.name} {said.version}')} with digest {said.digest[:12]} is not one that this "
        "platform has.",
        suite=said.name,
        version=said.version,
        digest=said.digest,
    )


@rule(
    "JM-JOB-UNKNOWN",
    Severity.REJECT,
    "The job is in the suite",
    kept="The suite has this model on this data set",
    mend=None,
    version="3",
)
def job_is_in_suite(case: Case) -> Broken | None:
    """The suite has this model on this data set for this task."""
    suite, work = case.context.suite, case.said.workload
    if suite is None or case.job is not None:
        return None
    job = f"{work.task}/{work.dataset}/{work.model}"
    return broken(f"The suite has no job {quoted(job)}.", suite=suite.name, job=job)


@rule(
    "JM-REVISION",
    Severity.REJECT,
    "Data and weights are the pinned ones",
    kept="Data set, model and weights are the pinned ones; of a suite that is not pinned nothing is believed",
    mend="Reinstall the packages that `joulemark doctor` names; run a [pinned](suite.md) version of the suite",
    version="2",
)
def revisions_fit(case: Case) -> Broken | None:
    """Data set, model and weights are the pinned revisions."""
    suite, work = case.context.suite, case.said.workload
    if suite is None:
        return None
    dataset = next((d for d in suite.datasets if d.id == work.dataset), None)
    model = next((m for m in suite.models if m.id == work.model), None)
    for what, entry in (("Data set", dataset), ("Model", model)):
        if entry is not None and not entry.is_pinned:
            return broken(
                f"{what} {entry.id} is not pinned in suite {suite.name} {suite.version}, so nobody can tell what ran; "
                "run a pinned version of the suite.",
                suite=suite.name,
                entry=entry.id,
            )
    if dataset is not None and work.dataset_revision != dataset.revision:
        return broken(
            f"Data set {dataset.id} is pinned to another revision than {quoted(work.dataset_revision[:12])}.",
            revision=work.dataset_revision,
            pinned=dataset.revision,
        )
    if model is not None and (work.model_revision, work.weights_sha256) != (
        model.revision,
        model.weights_sha256,
    ):
        return broken(
            f"Model {model.id} ran with other weights than the suite pins.",
            revision=work.model_revision,
            weights_sha256=work.weights_sha256,
            pinned_revision=model.revision,
            pinned_weights_sha256=model.weights_sha256,
        )
    return None


@rule(
    "JM-CONFIG",
    Severity.REJECT,
    "The configuration is one of the suite's",
    kept="Number format, batch size, parameters (within a factor of 3 where the suite has them as reported) and mode "
    "(throughput or latency) are the suite's",
    mend=None,
    version="2",
)
def configuration_fits(case: Case) -> Broken | None:
    """Number format, batch size and number of parameters are such as the suite allows: one query at a time."""
    suite, work = case.context.suite, case.said.workload
    if work.dtype not in DTYPES:
        return broken(
            f"The number format {quoted(work.dtype[:32])} is none of {', '.join(sorted(DTYPES))}.",
            dtype=work.dtype[:32],
        )
    if work.batch_size != 1:
        return broken(
            f"The suite runs one query at a time; this run took {work.batch_size}.",
            batch_size=work.batch_size,
        )
    if suite is not None and case.trace.mode != suite.protocol.mode:
        return broken(
            f"The suite measures {suite.protocol.mode}; this run measured {case.trace.mode}.",
            mode=case.trace.mode,
            suite_mode=suite.protocol.mode,
        )
    model = next((m for m in suite.models if m.id == work.model), None) if suite else None
    if model is not None and not _parameters_fit(model, work.parameters):
        return broken(
            f"Model {model.id} has {model.parameters} parameters, not {work.parameters}.",
            parameters=work.parameters,
            suite_parameters=model.parameters,
        )
    return None


def _parameters_fit(model: Model, stated: int) -> bool:
    """The very number where it was counted; else one of the reported size, because the weights are pinned."""
    if model.parameters_are == "counted":
        return stated == model.parameters
    return model.parameters / REPORTED_WITHIN <= stated <= model.parameters * REPORTED_WITHIN


@rule(
    "JM-SAMPLE",
    Severity.REJECT,
    "The queries are the seeded sample",
    kept="The queries are those that the seed chooses, or the first ones where the suite says so, a whole number of "
    "times",
    mend=None,
    version="3",
)
def sample_is_seeded(case: Case) -> Broken | None:
    """The queries are those that the ticket's seed chooses, or the first ones where the suite says so.

    They are as many as the suite asks for in one window. A data set that is not pinned has no sample.
    """
    suite, said, expected = case.context.suite, case.said, case.sample
    if suite is None or expected is None:
        return None
    if said.workload.sample_sha256 != expected.sha256:
        evidence = {"sample_sha256": said.workload.sample_sha256, "expected_sha256": expected.sha256}
        if suite.protocol.sample == "first":
            return broken(
                f"The queries are not the first {len(expected.query_ids)} of the data set.", **evidence
            )
        return broken("The sampled queries are not those that the ticket's seed chooses.", **evidence)
    size = len(expected.query_ids)
    for number, window in enumerate(said.windows, 1):
        if window.queries % size:
            return broken(
                f"A window must run the sample of {size} queries a whole number of times.",
                window=number,
                queries=window.queries,
                sample=size,
            )
    return None


@rule(
    "JM-WINDOWS-FEW",
    Severity.QUARANTINE,
    "There are enough windows",
    kept="There are as many windows as the suite asks for",
    mend="Let the run finish",
    version="1",
)
def enough_windows(case: Case) -> Broken | None:
    """At least as many windows as the suite's protocol asks for."""
    suite, found = case.context.suite, len(case.said.windows)
    if suite is None or found >= suite.protocol.windows_min:
        return None
    return broken(
        f"The run has {found} windows; the suite asks for {suite.protocol.windows_min}.",
        windows=found,
        least=suite.protocol.windows_min,
    )


RULES = (
    suite_is_known,
    job_is_in_suite,
    revisions_fit,
    configuration_fits,
    sample_is_seeded,
)
"""In the order in which they are asked; `enough_windows` comes after the answers."""
