"""The plan of a run before it begins: which cells in which order, how long, and what is downloaded for them.

A dry run shows it, the user is asked about it, and a run measures its cells in its order: all three compute it here.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.errors import MeterUnavailable
from joulemark.meters import device as devices
from joulemark.outbox import Outbox
from joulemark.session import plan, state
from joulemark.session.budget import Pace
from joulemark.session.fetch import fetches
from joulemark.session.journal import read_journal
from joulemark.session.order import job_order
from joulemark.session.plan import Missing, Selection
from joulemark.session.report import RETRY, Failed
from joulemark.session.rests import require_ticks
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from joulemark.config import Config
    from joulemark.hub.missing import FetchTarget
    from joulemark.meters.choose import MeterChoice, Openers
    from joulemark.session.budget import Basis
    from joulemark.session.journal import Failure
    from joulemark.session.options import Options
    from joulemark.session.order import JobOrder
    from joulemark.suite import Job, Suite


@dataclass(frozen=True, kw_only=True)
class PlannedCell:
    """One cell of a plan.

    `seconds` is the least time that it takes. `downloads` are the repositories of which the cache lacks something and
    that no cell before it brings; `download_bytes` is what is known of their sizes, and `unsized` names the data sets
    whose size only the hub tells.
    """

    job: Job
    seconds: float
    basis: Basis
    downloads: tuple[FetchTarget, ...] = ()
    download_bytes: int = 0
    unsized: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """What the hub's cache lacks for a suite's jobs: sizes in bytes by name, None where only the hub tells."""

    cache: Path | None = None
    free_bytes: int | None = None
    sizes: Mapping[str, int | None]
    by_job: Mapping[str, tuple[FetchTarget, ...]]


NO_TIME = marked("It would not end in the time that is left. A later run can measure it.")
NO_DOWNLOADS = Downloads(sizes={}, by_job={})


@dataclass(frozen=True, kw_only=True)
class PlanLimits:
    """What bounds a plan: seconds, jobs, and the keys of those that come first, in their order."""

    seconds: float | None = None
    jobs: int | None = None
    order: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a run would do. `gpu` is the name of the GPU that is measured, None on a processor.

    `finished` are the jobs that the session has measured, `failed_before` those that failed in it, `put_off` those for
    which there is no time, no room on the disk, or that are over the limit, each with its reason. `selection.missing`
    cannot run here.
    """

    selection: Selection
    order: JobOrder
    gpu: str | None
    meter: str
    cells: tuple[PlannedCell, ...]
    finished: tuple[str, ...]
    failed_before: tuple[Failed, ...]
    put_off: tuple[Missing, ...]
    downloads: Downloads

    @property
    def is_nothing_left(self) -> bool:
        """Whether the session has finished all that can run here."""
        return bool(self.finished) and not (self.cells or self.failed_before or self.put_off)

    @property
    def seconds(self) -> float:
        """The least time of all cells together."""
        return sum(cell.seconds for cell in self.cells)

    @property
    def download_bytes(self) -> int:
        """What is known of the sizes of all downloads."""
        return sum(cell.download_bytes for cell in self.cells)

    @property
    def unsized(self) -> tuple[str, ...]:
        """The data sets that come on top of `download_bytes`."""
        return tuple(name for cell in self.cells for name in cell.unsized)

    @property
    def needs_download(self) -> bool:
        """Whether anything has to be fetched for a cell of the plan."""
        return any(cell.downloads for cell in self.cells)


def foresee(config: Config, options: Options, suite: Suite, *, openers: Openers | None = None) -> Forecast:
    """The plan for what was asked for. Reads the machine, the session and the cache, and writes nothing.

    The platform is asked only where the order is its own. Raises NothingToDo, WorkloadUnavailable, MeterUnavailable,
    UsageError or ReadingsUnusable, as the run would, and Unreachable or Refused of the platform.
    """
    selection = plan.select(suite, options.meant, typed=options.suite, fetch=fetches(options))
    plan.require_jobs(selection)
    choice = plan.open_meter(options.meter, cpu_watts=options.cpu_watts or config.cpu_watts, openers=openers)
    with closing(choice.meter):
        gpu, memory_bytes = _device(choice, options)
    selection = plan.fitting(selection, memory_bytes)
    plan.require_jobs(selection)
    require_ticks(suite.protocol, settles=choice.meter.gpu is not None and choice.meter.gpu.probe_needed)
    session = state.find_session(
        config.folders,
        origin=config.origin,
        suite_digest=suite.digest,
        meter=choice.meter.name,
        fresh=options.fresh,
    )
    finished = {} if session is None else state.finished(session, Outbox(config.folders))
    pages = None if session is None else read_journal(state.journal_path(config.folders, session))
    order = job_order(config, options, suite)
    downloads = downloads_for(selection) if fetches(options) else NO_DOWNLOADS
    cells, failed_before, put_off = plan_cells(
        selection,
        finished=finished,
        failures={} if pages is None or options.retry_failed else pages.failures,
        pace=Pace(suite, {} if pages is None else pages.took_s),
        limits=PlanLimits(seconds=options.budget_s, jobs=options.limit, order=order.keys),
        downloads=downloads,
    )
    return Forecast(
        selection=selection,
        order=order,
        gpu=gpu,
        meter=choice.meter.name,
        cells=cells,
        finished=tuple(job.key for job in selection.jobs if job.key in finished),
        failed_before=failed_before,
        put_off=put_off,
        downloads=downloads,
    )


def plan_cells(
    selection: Selection,
    *,
    finished: Collection[str],
    failures: Mapping[str, Failure],
    pace: Pace,
    limits: PlanLimits,
    downloads: Downloads,
) -> tuple[tuple[PlannedCell, ...], tuple[Failed, ...], tuple[Missing, ...]]:
    """The cells to measure in their order, those that failed before, and those that are put off.

    A cell that does not fit into the time or onto the disk is put off, and one behind it may still fit.
    """
    failed_before = tuple(
        Failed(
            key=job.key,
            code=failures[job.key].code,
            sentence=_("It failed earlier: {sentence} {retry}").format(
                sentence=failures[job.key].sentence, retry=_(RETRY)
            ),
        )
        for job in selection.jobs
        if job.key in failures and job.key not in finished
    )
    places = {key: place for place, key in enumerate(limits.order)}
    todo = [job for job in selection.jobs if job.key not in finished and job.key not in failures]
    todo.sort(key=lambda job: places.get(job.key, len(places)))
    limit = len(todo) if limits.jobs is None else limits.jobs
    put_off = [
        Missing(key=job.key, sentence=_("`--limit {limit}` was given.").format(limit=limit))
        for job in todo[limit:]
    ]
    cells: list[PlannedCell] = []
    coming: set[str] = set()
    left_s, room_bytes = limits.seconds, _room(downloads)
    for job in todo[:limit]:
        cell = _cell(job, pace, downloads, coming)
        sentence = _no_time(cell, left_s) or _no_room(cell, room_bytes, downloads)
        if sentence is not None:
            put_off.append(Missing(key=job.key, sentence=sentence))
            continue
        cells.append(cell)
        coming.update(repository.name for repository in cell.downloads)
        left_s = None if left_s is None else left_s - cell.seconds
        room_bytes = None if room_bytes is None else room_bytes - cell.download_bytes
    return tuple(cells), failed_before, tuple(put_off)


def downloads_for(selection: Selection) -> Downloads:
    """What the cache lacks for the jobs of a selection; the hub is not asked."""
    suite = selection.suite
    if not any(suite.model(job.model).hub_id or suite.dataset(job.dataset).hub_id for job in selection.jobs):
        return NO_DOWNLOADS
    from joulemark.hub.missing import missing_bytes, plan_fetch
    from joulemark.workloads.hub_cache import cache_folder

    cache = cache_folder()
    fetch = plan_fetch(suite, *selection.jobs, cache=cache)
    repositories = {(entry.kind, entry.entry.id): entry for entry in (fetch.targets if fetch else ())}
    return Downloads(
        cache=cache,
        free_bytes=free_bytes(cache),
        sizes={repository.name: missing_bytes(repository) for repository in repositories.values()},
        by_job={
            job.key: tuple(
                repositories[key]
                for key in (("models", job.model), ("datasets", job.dataset))
                if key in repositories
            )
            for job in selection.jobs
        },
    )


def free_bytes(folder: Path) -> int | None:
    """Bytes free where `folder` is or will be; None where the system does not say."""
    try:
        return shutil.disk_usage(next(path for path in (folder, *folder.parents) if path.exists())).free
    except OSError:
        return None


def _device(choice: MeterChoice, options: Options) -> tuple[str | None, int | None]:
    """The GPU's name and the memory of the device in bytes, None where it is not told. Raises MeterUnavailable."""
    if choice.meter.gpu is not None:
        facts = choice.meter.gpu.device()
        return facts.name, _positive(facts.memory_bytes)
    if options.chosen_for_gpu is not None:
        raise MeterUnavailable(
            "no-gpu",
            _("`joulemark join` chose the suite {suite} for the GPU {gpu}, but there is no GPU now.").format(
                suite=options.suite, gpu=options.chosen_for_gpu
            ),
            mend=_(
                "Run `joulemark doctor` to find out why, or choose what to measure on this "
                "processor: `joulemark run --suite demo`."
            ),
        )
    machine = devices.host()[0]
    return None, _positive(machine.memory_bytes)


def _positive(size_bytes: int | None) -> int | None:
    return size_bytes if size_bytes is not None and size_bytes > 0 else None


def _cell(job: Job, pace: Pace, downloads: Downloads, coming: Collection[str]) -> PlannedCell:
    new = tuple(item for item in downloads.by_job.get(job.key, ()) if item.name not in coming)
    sizes = [downloads.sizes[repository.name] for repository in new]
    return PlannedCell(
        job=job,
        seconds=pace.seconds(job.key),
        basis=pace.basis(job.key),
        downloads=new,
        download_bytes=sum(size for size in sizes if size is not None),
        unsized=tuple(item.entry.id for item in new if downloads.sizes[item.name] is None),
    )


def _room(downloads: Downloads) -> int | None:
    """Bytes that may be fetched beside the small reserve; None where the disk does not say."""
    free = downloads.free_bytes
    return None if free is None else free - durable.RESERVE_BYTES


def _no_time(cell: PlannedCell, left_s: float | None) -> str | None:
    if left_s is None or cell.seconds <= left_s:
        return None
    return _(NO_TIME)


def _no_room(cell: PlannedCell, room_bytes: int | None, downloads: Downloads) -> str | None:
    if room_bytes is None or cell.download_bytes <= max(room_bytes, 0):
        return None
    return _(
        "Its downloads do not fit on the disk of {cache} beside those of the jobs before it. Free "
        "some space (`joulemark suite clean`), or point HF_HOME to a larger disk."
    ).format(cache=downloads.cache)


def by_basis(cells: Iterable[PlannedCell]) -> dict[Basis, int]:
    """How many cells have a time of which basis."""
    counts: dict[Basis, int] = {}
    for cell in cells:
        counts[cell.basis] = counts.get(cell.basis, 0) + 1
    return counts
