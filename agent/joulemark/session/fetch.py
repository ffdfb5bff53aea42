"""What a job needs of the hub, fetched before it is measured: never while a window runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.errors import BadAnswer, HubAway, NoConnection, NotVerified, ServerFailed, Unreachable
from joulemark.workloads import FetchFailed

if TYPE_CHECKING:
    from joulemark.config import Folders
    from joulemark.session.options import Options
    from joulemark.session.progress import Watch
    from joulemark.suite import Job, Suite
    from joulemark.waiting import Waiting


def fetches(options: Options) -> bool:
    """Whether the run may ask the hub: not offline, neither by its own option nor by the environment's."""
    from joulemark.hub.missing import is_forbidden

    return not options.offline and not is_forbidden()


def is_of_hub(suite: Suite, job: Job) -> bool:
    """Whether the job's model comes from the hub."""
    return suite.model(job.model).hub_id is not None


def fetch_job(suite: Suite, job: Job, watch: Watch, waiting: Waiting, *, folders: Folders) -> None:
    """Fetch what the cache lacks for the job, and note what came; nothing is asked when it is whole.

    A hub that gives no answer is waited for as `waiting` says. Raises HubAway, which is no fault of the job, when it
    gives none in that time or answers as no hub does; FetchFailed, which costs this job alone; or StorageError when the
    disk is full.
    """
    if not is_of_hub(suite, job):
        return
    from joulemark.hub.fetched_files import FetchLog
    from joulemark.hub.fetching import fetch
    from joulemark.hub.missing import plan_fetch
    from joulemark.workloads.hub_cache import cache_folder

    progress = _Progress(watch, waiting)
    say = iter([watch.note])  # the sizes are said once

    def attempt() -> None:
        plan = plan_fetch(suite, job, cache=cache_folder())
        if plan is not None:
            watch.stage("fetching", total=None)
            log = FetchLog(folders.fetched)
            fetch(plan, progress=progress.fetched, say=next(say, _nothing), log=log)

    if plan_fetch(suite, job, cache=cache_folder()) is None:
        return
    try:
        waiting.call(attempt)
    except (NoConnection, ServerFailed, BadAnswer) as error:
        raise HubAway(str(error)) from error
    except (Unreachable, NotVerified) as error:
        raise FetchFailed(str(error)) from error


class _Progress:
    """Passes on what has come; when more has come the hub answers, and a later outage has its own time."""

    def __init__(self, watch: Watch, waiting: Waiting) -> None:
        self._watch, self._waiting, self._done_bytes = watch, waiting, 0

    def fetched(self, name: str, done_bytes: int, total_bytes: int) -> None:
        if done_bytes > self._done_bytes:
            self._waiting.answered()
        self._done_bytes = done_bytes
        self._watch.fetched(name, done_bytes, total_bytes)


def _nothing(_sentence: str) -> None:
    return
