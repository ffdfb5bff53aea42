"""What a job needs of the hub, fetched before it is measured: never while a window runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.errors import NotVerified, Unreachable
from joulemark.workloads import FetchFailed

if TYPE_CHECKING:
    from joulemark.config import Folders
    from joulemark.session.report import Options
    from joulemark.session.watch import Watch
    from joulemark.suite import Job, Suite


def fetches(options: Options) -> bool:
    """Whether the run may ask the hub: not offline, neither by its own option nor by the environment's."""
    from joulemark.hub.missing import is_forbidden

    return not options.offline and not is_forbidden()


def fetch_job(suite: Suite, job: Job, watch: Watch, *, folders: Folders) -> None:
    """Fetch what the cache lacks for the job, and note what came; nothing is asked when it is whole.

    Raises FetchFailed, which costs this job alone, or StorageError when the disk is full.
    """
    if suite.model(job.model).hub_id is None:
        return
    from joulemark.hub.fetched_files import FetchLog
    from joulemark.hub.fetching import fetch
    from joulemark.hub.missing import plan_fetch
    from joulemark.workloads.hub_cache import cache_folder

    plan = plan_fetch(suite, job, cache=cache_folder())
    if plan is None:
        return
    watch.stage("fetching", total=None)
    try:
        fetch(plan, progress=watch.fetched, say=watch.note, log=FetchLog(folders.fetched))
    except (Unreachable, NotVerified) as error:
        raise FetchFailed(str(error)) from error
