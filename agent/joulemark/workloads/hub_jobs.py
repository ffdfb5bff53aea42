"""Jobs whose model and data set are on the hub, run out of its cache: can they run here, and the workload."""

from __future__ import annotations

from pathlib import Path

from joulemark.suite import Job, Suite
from joulemark.translation import gettext as _
from joulemark.workloads import hub_cache, suite_recipe
from joulemark.workloads.base import Workload, WorkloadError
from joulemark.workloads.libraries import Need, what_to_install
from joulemark.workloads.tasks import TASKS, open_task

PARQUET = Need("pyarrow", "pyarrow>=20")


def available(suite: Suite, job: Job, *, cached: bool = True) -> str | None:
    """None if the job can run here, else one sentence: why never, what to install, or, if `cached`, what to fetch."""
    if reason := suite_recipe.obstacle(suite, job):
        return reason
    if reason := what_to_install((*TASKS[suite_recipe.task_of(job)].needs, PARQUET)):
        return reason
    if not cached:
        return None
    try:
        hub_cache.model_snapshot(suite.model(job.model))
        hub_cache.parquet_files(suite.dataset(job.dataset))
    except WorkloadError as error:
        return str(error)
    return None


def open_job(suite: Suite, job: Job, *, device: str, cache_dir: Path) -> Workload:
    """The workload, its rows read, its model not yet loaded. `cache_dir` takes links. Raises WorkloadError."""
    from joulemark.workloads import parquet_rows

    dataset, model = suite.dataset(job.dataset), suite.model(job.model)
    files = hub_cache.parquet_files(dataset)
    folder = hub_cache.pinned_view(hub_cache.model_snapshot(model), model, within=cache_dir)
    reference = dataset.reference_column
    names = () if reference is None else parquet_rows.class_names(files[0], reference)
    if reason := suite_recipe.contradicted_names(dataset, names):
        raise WorkloadError(_("{key} cannot run here. {reason}").format(key=job.key, reason=reason))
    recipe = suite_recipe.recipe_of(suite, job, model_folder=folder, device=device, names=names)
    rows = suite_recipe.rows_of(dataset, parquet_rows.rows(files, suite_recipe.columns_of(dataset)))
    return open_task(recipe, rows)
