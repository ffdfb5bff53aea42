"""What a cell of a suite would cost on the study's GPU: minutes, disk, memory. Nothing is measured or asked here.

Times are the published ones (arXiv 2311.16863, logs): seconds for 1,000 queries on one NVIDIA A100-SXM4-80GB, 32-bit
floats, without loading. On another GPU they differ; they serve to plan. What no source tells is None, with a reason.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Literal

from joulemark.energy.steady import PART_S, STRETCHES
from joulemark.suite.published import Study, StudyFigure, load_study
from joulemark.suite.schema import Entry
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from joulemark.suite.jobs import Job
    from joulemark.suite.schema import DataSet, Model, Protocol
    from joulemark.suite.suite import Suite

NORMAL_95 = 1.959963984540054
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
LEAST_WINDOW_S = 10.0
"""A window lasts at least 100 periods of its counter, which moves about ten times a second (docs/method.md)."""

REFERENCE_GPU = "NVIDIA A100-SXM4-80GB"
"""The GPU of the published times, as its driver names it."""
SPREADS = {
    "text-to-category": 0.4,
    "text-to-text": 0.6,
    "image-to-category": 0.3,
    "image-to-text": 0.4,
    "text-to-image": 0.01,
    "sound-to-text": 0.6,
    "text-to-vector": 0.4,
}
"""Standard deviation of a query's duration over its mean, by a task's modality. No source has them: they are assumed,
rather too large than too small, and serve to plan alone. A picture takes the same steps whatever the prompt."""
REST_S = 1.5
"""Behind each piece of work, until the counter has settled and has shown the power at rest (docs/method.md)."""

QUERIES = 1000
JOULES_PER_KWH = 3.6e6

Basis = Literal["this data set", "mean of the task's data sets", "from the energy of CPU and memory"]


class JobEstimate(Entry, frozen=True, kw_only=True):
    """One cell. `gpu_minutes` is for the fewest windows, with idle and warm-up queries, `most_gpu_minutes` for most.

    Where windows run parts, `gpu_minutes` is for as many as the precision needs if durations scatter as SPREADS
    assumes, with the shortest steady warm-up and all rests.

    `query_s` is the time of one query and `basis` where it comes from. `memory_bytes` is the weights alone, in the
    suite's number format; `disk_bytes` the weights files where the suite is pinned, else the same as memory.
    `least_minutes` is the least that the suite's windows and rests last, whatever the model. `unknown` has a reason
    for each field that is None, and for what is not in a number. `obstacle` says why the cell cannot run, where that is
    known: it costs nothing then, whatever the numbers.
    """

    job: str
    gpu_minutes: float | None
    most_gpu_minutes: float | None
    least_minutes: float
    query_s: float | None
    basis: Basis | None
    disk_bytes: int | None
    memory_bytes: int | None
    unknown: dict[str, str]
    obstacle: str | None = None


class Total(Entry, frozen=True, kw_only=True):
    """Of the cells that can run: their number, and how many have a time of which basis.

    `gpu_minutes` are those of the cells with a time. `disk_bytes` are the weights of `models` models, each once; those
    of `models_without_disk` others are not known, and data sets are in no number.
    """

    cells: int
    gpu_minutes: float
    cells_by_basis: dict[str, int]
    cells_without_time: int
    models: int
    disk_bytes: int
    models_without_disk: int


def estimate(suite: Suite) -> tuple[JobEstimate, ...]:
    """An estimate for each job, in the suite's order."""
    study = load_study()
    return tuple(_estimate(suite, job, study) for job in suite.jobs)


def least_seconds(protocol: Protocol) -> float:
    """The least that the fewest windows and both idles last."""
    return protocol.windows_min * _window_s(protocol) + 2 * protocol.idle_s


def total(suite: Suite, rows: Iterable[JobEstimate]) -> Total:
    """What `rows` of the suite come to, without the cells that cannot run."""
    runnable = [row for row in rows if row.obstacle is None]
    minutes = [row.gpu_minutes for row in runnable if row.gpu_minutes is not None]
    disk = {suite.job(row.job).model: row.disk_bytes for row in runnable}
    sizes = [size for size in disk.values() if size is not None]
    return Total(
        cells=len(runnable),
        gpu_minutes=sum(minutes),
        cells_by_basis=dict(Counter(row.basis for row in runnable if row.basis is not None)),
        cells_without_time=len(runnable) - len(minutes),
        models=len(sizes),
        disk_bytes=sum(sizes),
        models_without_disk=len(disk) - len(sizes),
    )


def _estimate(suite: Suite, job: Job, study: Study) -> JobEstimate:
    model, dataset = suite.model(job.model), suite.dataset(job.dataset)
    unknown = {"activations": _("memory beside the weights depends on the library and is not published")}
    time = _query_s(study, job, model, dataset)
    query_s, basis = (None, None) if time is None else time
    if query_s is None:
        unknown["gpu_minutes"] = _("the 2024 study has no time of this model on this task")
    if dataset.hub_id is not None:
        unknown["dataset_bytes"] = _("the size of a data set on the hub is not published with the study")
    memory = None
    dtype = suite.dtype(job)
    if dtype is None:
        unknown["memory_bytes"] = unknown["disk_bytes"] = _("the suite names no number format")
    else:
        memory = model.parameters * BYTES[dtype]
    disk = sum(file.bytes for file in model.files) or memory
    if disk is not None:
        unknown.pop("disk_bytes", None)
    return JobEstimate(
        job=job.key,
        gpu_minutes=None if query_s is None else _gpu_minutes(suite, job, query_s),
        most_gpu_minutes=None if query_s is None else _most_minutes(suite, job, query_s),
        least_minutes=least_seconds(suite.protocol) / 60,
        query_s=query_s,
        basis=basis,
        disk_bytes=disk,
        memory_bytes=memory,
        unknown=unknown,
        obstacle=suite.obstacle(job),
    )


def _gpu_minutes(suite: Suite, job: Job, query_s: float) -> float:
    if suite.protocol.runs_parts:
        return min(_minutes_of_parts(suite, job, query_s), _most_minutes(suite, job, query_s))
    return _minutes(suite, job, query_s, suite.protocol.windows_min)


def _minutes_of_parts(suite: Suite, job: Job, query_s: float) -> float:
    """Windows of whole queries until the choice of queries leaves the mean open by the target alone; rests, idles and
    the three stretches of a warm-up that is steady from the start.
    """
    protocol = suite.protocol
    per_window = math.ceil(_window_s(protocol) / query_s)
    spread = SPREADS[suite.task(job.task).modality]
    free = (protocol.half_width_target / (NORMAL_95 * spread)) ** 2
    needed = 1 / (1 / suite.queries_per_window(job.dataset) + free)
    windows = min(max(math.ceil(needed / per_window), protocol.windows_min), protocol.windows_max)
    warm_up_s = STRETCHES * math.ceil(PART_S / query_s) * query_s if protocol.warmup_s else 0.0
    warm_up_s = max(warm_up_s, protocol.warmup_queries * query_s)
    seconds = warm_up_s + windows * (per_window * query_s + REST_S) + 2 * (protocol.idle_s + REST_S)
    return seconds / 60


def _window_s(protocol: Protocol) -> float:
    return max(protocol.window_s, LEAST_WINDOW_S if protocol.fill_windows else 0.0)


def _minutes(suite: Suite, job: Job, query_s: float, windows: int) -> float:
    """Windows, each of whole samples and long enough for its counter; both idles; the warm-up's queries."""
    protocol = suite.protocol
    sample_s = suite.queries_per_window(job.dataset) * query_s
    window_s = sample_s
    if protocol.fill_windows:
        window_s *= max(1, math.ceil(LEAST_WINDOW_S / sample_s))
    return (windows * window_s + 2 * protocol.idle_s + protocol.warmup_queries * query_s) / 60


def _most_minutes(suite: Suite, job: Job, query_s: float) -> float:
    """All windows and the whole warm-up, or what the budget allows where that is less; never less than the least."""
    protocol = suite.protocol
    if protocol.runs_parts:  # the window in which the time ends is finished, and the card rests
        return (protocol.budget_s + _window_s(protocol) + query_s + protocol.idle_s + 2 * REST_S) / 60
    least = _minutes(suite, job, query_s, protocol.windows_min)
    most = _minutes(suite, job, query_s, protocol.windows_max) + protocol.warmup_s / 60
    return max(least, min(most, protocol.budget_s / 60))


def _query_s(study: Study, job: Job, model: Model, dataset: DataSet) -> tuple[float, Basis] | None:
    if model.hub_id is None:
        return None
    names = {
        study_model.id
        for study_model in study.models
        if study_model.id.rpartition("/")[2].lower() == model.id
    }
    figures = {
        figure.dataset: figure
        for figure in study.figures
        if figure.task == job.task and figure.model in names
    }
    here = figures.get(dataset.study_id) if dataset.study_id else None
    if here is not None and here.duration_s is not None:
        return here.duration_s / QUERIES, "this data set"
    mean = figures.get(None)
    if mean is None:
        return None
    if mean.duration_s is not None:
        return mean.duration_s / QUERIES, "mean of the task's data sets"
    return _from_energy(mean, study)


def _from_energy(figure: StudyFigure, study: Study) -> tuple[float, Basis] | None:
    """What is not GPU energy was booked at a constant power, so it tells the time that passed."""
    if figure.gpu_kwh_per_1000 is None:
        return None
    rest_j = (figure.energy_kwh_per_1000 - figure.gpu_kwh_per_1000) * JOULES_PER_KWH
    seconds = rest_j / (study.protocol.cpu_power_w + study.protocol.ram_power_w)
    return seconds / QUERIES, "from the energy of CPU and memory"
