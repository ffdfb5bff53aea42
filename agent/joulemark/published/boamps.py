"""Energy reports in the form of BoAmps (https://github.com/Boavizta/BoAmps): kWh of a task, with what measured it.

A file holds one report, or a list of them. Each of its measures is a run, of `nbRequest` requests; reports of another
stage than inference are left out. What an energy covers follows from what measured it:

* a wattmeter: the machine at its plug (`wall`);
* CodeCarbon: the machine where a GPU is among the components, else processor and memory;
* any other tool: what its tracking modes name, GPU, processor or both;
* computed operations, stated watts: nothing was metered (`modelled`).

A measure that tells none of these needs `--scope`. Its publisher's own flags are kept as the validity: the status of
the report, and the quality of its information (an error of up to 10, 25 or 50 per cent).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from joulemark.published.boamps_schema import (
    OWN_METHOD,
    RAPL_WITH_MEMORY,
    STATED_WATTS,
    BoampsReport,
)
from joulemark.published.errors import BadRow, file_of
from joulemark.published.figures import (
    NOT_PUBLISHED,
    PER,
    LeftOut,
    PublishedRuns,
    PublishedSubject,
    Run,
)
from joulemark.published.hardware import counted, gpus, node, processor
from joulemark.published.json_reports import decoded, reports_of
from joulemark.published.names import HUB, HUB_DATASETS
from joulemark.published.plausible import MOST_GPUS, MOST_PARAMETERS_BILLIONS, MOST_QUERIES, trusted
from joulemark.published.run_list import attempt, published_runs
from joulemark.published.untrusted import NOBODY, LeaveOut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from joulemark.published.boamps_schema import Algorithm, Component, ReportedMeasure
    from joulemark.published.figures import Hardware, InputFile
    from joulemark.published.names import NameMap

INFERENCE = "inference"
PUBLIC = "public"
MODELS_OF_ENERGY = frozenset({"flops-compute", "ecologits", STATED_WATTS})
"""Methods and tracking modes that meter nothing."""


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """What reports do not say. `scope` also chooses measures: one that covers something else is left out."""

    task: str | None = None
    dataset: str | None = None
    scope: str | None = None
    hardware: str | None = None
    queries: int | None = None
    leave_out: LeaveOut = NOBODY


def read_reports(files: Sequence[InputFile], options: ReportOptions, names: NameMap) -> PublishedRuns:
    """Every measure of every report. Raises UnreadableInput, and BadRows with all that cannot be trusted."""
    return published_runs(_entries(files, options, names), leave_out=options.leave_out)


def _entries(
    files: Sequence[InputFile], options: ReportOptions, names: NameMap
) -> Iterator[Run | LeftOut | BadRow]:
    for where, raw in (entry for file in files for entry in reports_of(file)):
        try:
            report = decoded(where, raw, BoampsReport, publisher="BoAmps")
        except BadRow as problem:
            yield problem
        else:
            yield from _runs(where, report, options, names)


def _runs(
    where: str, report: BoampsReport, options: ReportOptions, names: NameMap
) -> Iterator[Run | LeftOut | BadRow]:
    task = report.task
    called = _model(task.algorithms[0])
    what = called or "a report"
    level = _confidentiality(report)
    if level != PUBLIC:
        yield LeftOut(where=where, what=what, reason=f"its publisher calls it {level}, not public")
    elif task.task_stage.strip().casefold() != INFERENCE:
        yield LeftOut(where=where, what=what, reason=f"the stage is {task.task_stage[:60]!r}, not inference")
    elif called is None:
        yield BadRow(where, "names no model (foundationModelName or algorithmName)", rule="no-model")
    elif called in names.leave_out:
        yield LeftOut(where=where, what=called, reason=names.leave_out[called])
    elif len(task.algorithms) > 1:
        yield LeftOut(where=where, what=called, reason="several algorithms: the energy is of none alone")
    else:
        for place, measure in enumerate(report.measures):
            at = where if len(report.measures) == 1 else f"{where}.measures[{place}]"
            yield attempt(_run, at, called, report, measure, options, names)


def _confidentiality(report: BoampsReport) -> str:
    """The word of the publisher; `public` where a report names none."""
    publisher = UNSET if report.header is UNSET else report.header.publisher
    return PUBLIC if publisher is UNSET else publisher.confidentiality_level


def _run(
    where: str,
    called: str,
    report: BoampsReport,
    measure: ReportedMeasure,
    options: ReportOptions,
    names: NameMap,
) -> Run | LeftOut:
    has_gpu = any(_is_gpu(component) for component in report.infrastructure.components)
    scope = _scope(measure, has_gpu=has_gpu)
    if scope is None and options.scope is None:
        raise BadRow(
            where,
            f"{measure.measurement_method[:40]!a} does not tell what its energy covers: say so with --scope",
            rule="unsaid",
        )
    if options.scope is not None and scope not in {None, options.scope}:
        return LeftOut(
            where=where,
            what=called,
            reason=f"its energy covers {scope}, and --scope asks for {options.scope}",
        )
    scope = scope or str(options.scope)
    energy = measure.power_consumption
    if not isfinite(energy) or energy < 0:
        raise BadRow(
            where, f"powerConsumption is {energy:g}, not a finite number above zero", rule="not-a-number"
        )
    if energy == 0:
        raise BadRow(where, "powerConsumption is 0: nothing was read", rule="nothing-read")
    queries = _queries(where, report, options)
    duration_s = _or_none(measure.measurement_duration)
    kwh_per_1000 = energy / queries * PER
    place = names.files.get(file_of(where))
    run = Run(
        where=where,
        subject=PublishedSubject(
            task=names.task(place.task if place else options.task or report.task.task_family),
            dataset=names.dataset(place.dataset if place else options.dataset or _dataset(report)),
            model=names.model(called),
            hardware=_hardware(where, scope, report.infrastructure.components, options),
            scope=scope,
            stratum=_stratum(report.task.algorithms[0], measure),
        ),
        energy_kwh_per_1000=kwh_per_1000,
        gpu_kwh_per_1000=kwh_per_1000 if scope == "gpu" else None,
        duration_s=duration_s / queries * PER if duration_s else None,
        not_known={
            **({} if scope == "gpu" else {"gpu_kwh_per_1000": NOT_PUBLISHED}),
            **dict.fromkeys(("cpu_kwh_per_1000", "ram_kwh_per_1000"), NOT_PUBLISHED),
            **({} if duration_s else {"duration_s": NOT_PUBLISHED}),
        },
        parameters=_parameters(where, report.task.algorithms[0]),
        validity=_validity(report),
    )
    return trusted(run)


def _or_none(value: Any) -> Any:
    """The value, None where the report leaves it out."""
    return None if isinstance(value, UnsetType) else value


def _model(algorithm: Algorithm) -> str | None:
    """Its name on the hub where its address is there; else the name that the report gives it."""
    for uri in (algorithm.foundation_model_uri, algorithm.algorithm_uri):
        if uri is not UNSET and uri.startswith(HUB):
            return uri.removeprefix(HUB).strip("/ ") or None
    for name in (algorithm.foundation_model_name, algorithm.algorithm_name):
        if name is not UNSET and name.strip():
            return name.strip()
    return None


def _dataset(report: BoampsReport) -> str | None:
    """The hub's data set that went in, None where the report names none."""
    for data in report.task.dataset:
        if data.data_usage == "input" and data.source_uri is not UNSET:
            uri = data.source_uri
            return uri.removeprefix(HUB_DATASETS).strip("/ ") if uri.startswith(HUB_DATASETS) else None
    return None


def _queries(where: str, report: BoampsReport, options: ReportOptions) -> int:
    stated = _or_none(report.task.nb_request) or options.queries
    if stated is None:
        raise BadRow(
            where, "nbRequest is missing: say how many requests were measured with --queries", rule="unsaid"
        )
    if not isfinite(stated) or not 1 <= stated <= MOST_QUERIES or stated != int(stated):
        raise BadRow(
            where,
            f"nbRequest is {stated:g}, not a whole number from 1 to {MOST_QUERIES:,}",
            rule="not-a-number",
        )
    return int(stated)


def _scope(measure: ReportedMeasure, *, has_gpu: bool) -> str | None:
    method = measure.measurement_method.strip().casefold()
    gpu_mode, cpu_mode = (
        mode.strip().casefold() if isinstance(mode, str) else ""
        for mode in (measure.gpu_tracking_mode, measure.cpu_tracking_mode)
    )
    if method in MODELS_OF_ENERGY or {gpu_mode, cpu_mode} & MODELS_OF_ENERGY:
        return "modelled"
    if "wattmeter" in method:
        return "wall"
    if method == "codecarbon":
        return "node" if has_gpu else "cpu+dram"
    covered = [part for part, mode in (("gpu", gpu_mode), ("cpu", cpu_mode)) if mode]
    if method == OWN_METHOD and cpu_mode == RAPL_WITH_MEMORY:
        covered.append("dram")
    return "+".join(covered) or None


def _is_gpu(component: Component) -> bool:
    return component.component_type.strip().casefold() == "gpu"


def _hardware(where: str, scope: str, components: Sequence[Component], options: ReportOptions) -> Hardware:
    if options.hardware is not None:
        name, count = counted(options.hardware)
        return gpus(name, count) if scope == "gpu" else node(name, count)
    drawing = [component for component in components if _is_gpu(component)]
    if not drawing or scope.startswith("cpu"):
        drawing = [part for part in components if part.component_type.strip().casefold() == "cpu"]
        if not drawing:
            raise BadRow(
                where, "no component is a GPU or a CPU: name the hardware with --hardware", rule="unsaid"
            )
        return processor(_component_name(where, drawing[0]))
    different = {_component_name(where, component) for component in drawing}
    if len(different) > 1:
        raise BadRow(
            where,
            f"GPUs of {len(different)} kinds: name the hardware of this energy with --hardware",
            rule="unsaid",
        )
    name, prefixed = counted(different.pop())
    count = max(prefixed, sum(component.nb_component for component in drawing))
    if not 1 <= count <= MOST_GPUS:
        raise BadRow(where, f"nbComponent comes to {count}, not 1 to {MOST_GPUS:,}", rule="not-a-number")
    return gpus(name, count) if scope == "gpu" else node(name, count)


def _component_name(where: str, component: Component) -> str:
    parts = (component.manufacturer, component.family, component.series)
    name = component.component_name
    joined = name if name is not UNSET else " ".join(part for part in parts if part is not UNSET)
    if not joined.strip():
        raise BadRow(
            where, f"a {component.component_type} has no name: name it with --hardware", rule="unsaid"
        )
    return joined.strip()


def _stratum(algorithm: Algorithm, measure: ReportedMeasure) -> str:
    """The configuration in words: number format, framework, and what measured it."""
    framework = " ".join(
        word for word in (algorithm.framework, algorithm.framework_version) if isinstance(word, str)
    )
    words = [_or_none(algorithm.quantization), framework, f"by {measure.measurement_method.strip()}"]
    modes = (("GPU", measure.gpu_tracking_mode), ("CPU", measure.cpu_tracking_mode))
    words += [f"{part} {mode}" for part, mode in modes if isinstance(mode, str) and mode]
    return ", ".join(word for word in words if word)


def _parameters(where: str, algorithm: Algorithm) -> int | None:
    billions = _or_none(algorithm.parameters_number)
    if billions is not None and not 0 < billions <= MOST_PARAMETERS_BILLIONS:
        raise BadRow(
            where,
            f"parametersNumber is {billions:g} (billions), and can only be up to {MOST_PARAMETERS_BILLIONS:g}",
        )
    return None if billions is None else round(billions * 1e9)


def _validity(report: BoampsReport) -> str:
    status = UNSET if report.header is UNSET else report.header.report_status
    flags = (("status", status), ("quality", report.quality))
    return ", ".join(f"{name} {flag}" for name, flag in flags if flag is not UNSET)
