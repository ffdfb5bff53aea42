"""Rules about what was run: data set, model, sample and windows are as the suite pins them."""

from __future__ import annotations

from math import fsum, sqrt
from statistics import fmean
from typing import TYPE_CHECKING

from msgspec import UNSET

from joulemark.rules.finding import Broken, Severity
from joulemark.rules.hardware import BYTES
from joulemark.rules.rule import broken, quoted, rule

if TYPE_CHECKING:
    from joulemark.rules.case import Case
    from joulemark.suite import Model

DTYPES = frozenset(BYTES)
"""Number formats that a result may be run in; each is a stratum of its own."""

LEAST_PART = 30
"""With fewer queries the mean size is uninformative."""

REPORTED_WITHIN = 3.0
"""Tolerated factor between stated parameters and those that a study reported: reports omit heads or encoders."""


@rule(
    "JM-SUITE-UNKNOWN",
    Severity.REJECT,
    "The suite is known",
    condition="Name, version and digest match a suite of the platform",
    mend="Install the release that the platform names",
    version="1",
)
def suite_is_known(case: Case) -> Broken | None:
    """Name, version and digest match a suite of this platform."""
    suite, stated = case.context.suite, case.predicate.suite
    if suite is not None and (suite.name, suite.version, suite.digest) == (
        stated.name,
        stated.version,
        stated.digest,
    ):
        return None
    return broken(
        f"This platform has no suite {quoted(f'{stated.name} {stated.version}')} with digest {stated.digest[:12]}.",
        suite=stated.name,
        version=stated.version,
        digest=stated.digest,
    )


@rule(
    "JM-JOB-UNKNOWN",
    Severity.REJECT,
    "The job is in the suite",
    condition="The suite has this model on this data set",
    mend=None,
    version="3",
)
def job_is_in_suite(case: Case) -> Broken | None:
    """The suite has this model on this data set for this task."""
    suite, work = case.context.suite, case.predicate.workload
    if suite is None or case.job is not None:
        return None
    job = f"{work.task}/{work.dataset}/{work.model}"
    return broken(f"The suite has no job {quoted(job)}.", suite=suite.name, job=job)


@rule(
    "JM-REVISION",
    Severity.REJECT,
    "Data and weights are the pinned ones",
    condition="Data set, model and weights are the pinned revisions; results of an unpinned suite are rejected",
    mend="Reinstall the packages that `joulemark doctor` names; run a pinned version of the suite",
    version="2",
)
def revisions_fit(case: Case) -> Broken | None:
    """Data set, model and weights are the pinned revisions."""
    suite, work = case.context.suite, case.predicate.workload
    if suite is None:
        return None
    dataset = next((d for d in suite.datasets if d.id == work.dataset), None)
    model = next((m for m in suite.models if m.id == work.model), None)
    for what, entry in (("Data set", dataset), ("Model", model)):
        if entry is not None and not entry.is_pinned:
            return broken(
                f"{what} {entry.id} is not pinned in suite {suite.name} {suite.version}, so it is unknown what ran; "
                "run a pinned version of the suite.",
                suite=suite.name,
                entry=entry.id,
            )
    if dataset is not None and work.dataset_revision != dataset.revision:
        return broken(
            f"Data set {dataset.id} is pinned to a revision other than {quoted(work.dataset_revision[:12])}.",
            revision=work.dataset_revision,
            pinned=dataset.revision,
        )
    if model is not None and (work.model_revision, work.weights_sha256) != (
        model.revision,
        model.weights_sha256,
    ):
        return broken(
            f"Model {model.id} ran with weights other than those that the suite pins.",
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
    condition="Number format, batch size, number of parameters (within a factor of 3 where the suite's number is a "
    "reported one) and mode (throughput or latency) are the suite's",
    mend=None,
    version="2",
)
def configuration_fits(case: Case) -> Broken | None:
    """The suite allows the number format, batch size (one query at a time), mode and number of parameters."""
    suite, work = case.context.suite, case.predicate.workload
    if work.dtype not in DTYPES:
        return broken(
            f"The number format {quoted(work.dtype[:32])} is none of {', '.join(sorted(DTYPES))}.",
            dtype=work.dtype[:32],
        )
    if work.batch_size != 1:
        return broken(
            f"The suite runs one query at a time; this run had a batch size of {work.batch_size}.",
            batch_size=work.batch_size,
        )
    if suite is not None and case.trace.mode != suite.protocol.mode:
        return broken(
            f"The suite measures in {suite.protocol.mode} mode; this run measured in {case.trace.mode} mode.",
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
    """Exact where the suite's number was counted; else within the tolerated factor, since the weights are pinned."""
    if model.parameters_are == "counted":
        return stated == model.parameters
    return model.parameters / REPORTED_WITHIN <= stated <= model.parameters * REPORTED_WITHIN


@rule(
    "JM-SAMPLE",
    Severity.REJECT,
    "The queries are the seeded sample",
    condition="Each window runs the sample drawn with the seed, or the first queries where the suite says so, a "
    "whole number of times; where windows run parts, the queries are the start of the order drawn with the seed",
    mend=None,
    version="8",
)
def sample_is_seeded(case: Case) -> Broken | None:
    """The queries are those drawn with the ticket's seed, or the first ones where the suite says so.

    Their number is the suite's for one window, or the number that the windows ran of a population. A data set that is
    not pinned has no sample.
    """
    suite, predicate, expected = case.context.suite, case.predicate, case.sample
    if suite is None or expected is None:
        return None
    if predicate.workload.sample_sha256 != expected.sha256:
        evidence = {"sample_sha256": predicate.workload.sample_sha256, "expected_sha256": expected.sha256}
        if suite.protocol.sample == "first":
            return broken(
                f"The queries are not the first {len(expected.query_ids)} of the data set.", **evidence
            )
        return broken("The sampled queries are not those drawn with the ticket's seed.", **evidence)
    if suite.protocol.runs_parts:
        return None
    size = len(expected.query_ids)
    for number, window in enumerate(predicate.windows, 1):
        if window.queries % size:
            return broken(
                f"A window must run the sample of {size} queries a whole number of times.",
                window=number,
                queries=window.queries,
                sample=size,
            )
    return None


@rule(
    "JM-POPULATION",
    Severity.REJECT,
    "Parts are drawn from the suite's queries",
    condition="If the suite's windows run parts, the trace states the population: its number of queries is the "
    "suite's, its sizes are the data set's where the platform has it, and the stated digest of the inputs covers "
    "them. Otherwise it states none",
    mend=None,
    version="8",
)
def population_is_the_suites(case: Case) -> Broken | None:
    """The stated population from which parts were drawn is the suite's, as far as that can be checked."""
    suite, population, work = case.context.suite, case.trace.population, case.predicate.workload
    if suite is not None and not suite.protocol.runs_parts and population is not None:
        return broken(
            "Every window of this suite runs the whole sample; this run states parts of a population.",
            queries=population.queries,
        )
    if suite is None or case.job is None or case.places is None:
        return None
    suite_queries = len(case.places)
    if population is None or population.queries != suite_queries:
        stated = None if population is None else population.queries
        return broken(
            f"The parts were drawn from {stated or 'an unknown number of'} queries; the suite has {suite_queries}.",
            queries=stated,
            suite_queries=suite_queries,
        )
    if work.inputs_sha256 != population.content_sha256(case.places):
        return broken(
            "The stated digest of the inputs is not that of the queries and sizes in the trace.",
            inputs_sha256=None if work.inputs_sha256 is UNSET else str(work.inputs_sha256),
        )
    lengths = suite.characters(work.dataset)
    if lengths is not None and population.unit == "characters":
        differ = sum(
            size != lengths[place] for size, place in zip(population.sizes, case.places, strict=True)
        )
        if differ:
            return broken(
                f"{differ} of the {suite_queries} queries have another number of characters than the data set's.",
                differ=differ,
                queries=suite_queries,
            )
    return None


FAR_FROM_MEAN = 5.0
"""Maximum distance, in standard deviations, of a random part's mean size from that of all: exceeded by chance once in a
million runs, or once in ten thousand for widely scattered sizes."""


@rule(
    "JM-PART-SIZES",
    Severity.QUARANTINE,
    "The queries that ran are representative",
    condition=f"The mean size of the queries that ran is within {FAR_FROM_MEAN:.0f} standard deviations, for a "
    "random part, of the mean size of all",
    mend=None,
    version="8",
)
def part_is_like_the_whole(case: Case) -> Broken | None:
    """Only the agent states the sizes of queries that did not run: they must resemble those of the ones that did."""
    population = case.trace.population
    if population is None or not population.sizes:
        return None
    count, ran = population.queries, case.predicate.totals.queries
    if ran >= count or ran < LEAST_PART:
        return None
    mean, mean_of_part = fmean(population.sizes), fmean(population.sizes[:ran])
    variance = fsum((size - mean) ** 2 for size in population.sizes) / (count - 1)
    deviation = sqrt(variance * (1 / ran - 1 / count))
    if abs(mean_of_part - mean) <= FAR_FROM_MEAN * deviation:
        return None
    return broken(
        f"The {ran} queries that ran have {mean_of_part:.4g} {population.unit} on average, all {count} have "
        f"{mean:.4g}; a random part differs by less than {FAR_FROM_MEAN * deviation:.3g}.",
        mean_of_part=mean_of_part,
        mean=mean,
        within=FAR_FROM_MEAN * deviation,
        unit=population.unit,
    )


@rule(
    "JM-WINDOWS-SHORT",
    Severity.QUARANTINE,
    "Windows are as long as the suite says",
    condition="No window is shorter than the suite's `window_s`",
    mend="Measure again with an agent that follows the protocol",
    version="8",
)
def windows_are_long_enough(case: Case) -> Broken | None:
    """No window is shorter than the suite says: a run that ends windows at will could choose its queries."""
    suite = case.context.suite
    least_s = 0.0 if suite is None else suite.protocol.window_s
    shortest_s = min((span.seconds for span in case.trace.windows()), default=least_s)
    if shortest_s >= least_s:
        return None
    return broken(
        f"A window lasts {shortest_s:.3f} s; the suite requires {least_s:g} s or more.",
        shortest_s=shortest_s,
        least_s=least_s,
    )


@rule(
    "JM-WINDOWS-FEW",
    Severity.QUARANTINE,
    "There are enough windows",
    condition="There are at least as many windows as the suite requires",
    mend="Let the run finish",
    version="1",
)
def enough_windows(case: Case) -> Broken | None:
    """There are at least as many windows as the suite's protocol requires."""
    suite, windows = case.context.suite, len(case.predicate.windows)
    if suite is None or windows >= suite.protocol.windows_min:
        return None
    return broken(
        f"The run has {windows} windows; the suite requires {suite.protocol.windows_min}.",
        windows=windows,
        least=suite.protocol.windows_min,
    )


RULES = (
    suite_is_known,
    job_is_in_suite,
    revisions_fit,
    configuration_fits,
    sample_is_seeded,
    population_is_the_suites,
    part_is_like_the_whole,
)
"""In the order of evaluation; `enough_windows` and `windows_are_long_enough` come after the answers."""
