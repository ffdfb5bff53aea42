"""Models and data sets of a suite, fetched into the hub's cache: at the pinned commit, checked against the lock.

huggingface_hub downloads; it goes on where a connection broke, writes each file beside its name and moves it there when
it has its size. What is added here: which files, in which order, whether they fit on the disk, their SHA-256, and
sentences. Weights and rows come one file after the other, so that Ctrl-C ends at once and keeps all that came before.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from joulemark.errors import AgentError, NoConnection, StorageError, UsageError
from joulemark.hub.byte_count import ByteCount, Progress
from joulemark.hub.cache_folder import in_words, require_cache, require_space
from joulemark.hub.client import HubClient
from joulemark.hub.fetch_errors import OFFLINE
from joulemark.hub.library import open_access
from joulemark.hub.missing import is_forbidden, require_libraries
from joulemark.hub.repository_download import Arrivals, download_repository
from joulemark.hub.survey import Survey, survey
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from joulemark.hub.fetched_files import FetchLog
    from joulemark.hub.missing import Fetch, FetchTarget


def fetch(
    plan: Fetch,
    *,
    hub: str | None = None,
    token: str | None = None,
    progress: Progress = lambda _name, _done_bytes, _total_bytes: None,
    say: Callable[[str], None] = lambda _: None,
    failed: Callable[[FetchTarget, AgentError], None] | None = None,
    log: FetchLog | None = None,
) -> None:
    """Download all of `plan` from `hub`, else HF_ENDPOINT, else huggingface.co.

    `token` is sent to that hub; else HF_TOKEN or what `hf auth login` has kept. `say` is told what will come before it
    does, `progress` each file's name with bytes so far and bytes of all. Where `failed` is given it is told of each
    repository that could not be had, and the others are fetched, unless the hub cannot be reached. `log` notes each
    file that came and was not there before.

    Raises NotOnHub (`gated`, `vanished`, `no-parquet`), NotVerified (`weights-digest`, `broken-file`: the file is
    deleted), Unreachable, StorageError or DiskFull, UsageError under HF_HUB_OFFLINE, WorkloadUnavailable.
    """
    if is_forbidden():
        raise UsageError(OFFLINE)
    require_libraries()
    require_cache(plan.targets[0].cache)
    source = open_access(hub, token)
    surveys: list[Survey] = []
    with HubClient(source.origin, token=source.token) as client:
        for target in plan.targets:
            with _reported(target, failed):
                surveys.append(survey(target, client))
    total_bytes = sum(repository.size_bytes for repository in surveys)
    for repository in surveys:
        say(f"{repository.target.name}: {in_words(repository.size_bytes)}")
    if surveys:
        say(
            _("{size} will be fetched into {cache}.").format(
                size=in_words(total_bytes), cache=plan.targets[0].cache
            )
        )
        require_space(plan.targets[0].cache, total_bytes)
    count = ByteCount(total_bytes, progress)
    for repository in surveys:
        with _reported(repository.target, failed):
            download_repository(repository, source, Arrivals(repository, log), count)


@contextmanager
def _reported(
    target: FetchTarget, failed: Callable[[FetchTarget, AgentError], None] | None
) -> Iterator[None]:
    """Report a failure that concerns this repository alone to the callback, where there is one.

    A hub that cannot be reached is so for the others too.
    """
    try:
        yield
    except (NoConnection, StorageError, UsageError):
        raise
    except AgentError as error:
        if failed is None:
            raise
        failed(target, error)
