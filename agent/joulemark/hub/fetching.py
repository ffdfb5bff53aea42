"""Models and data sets of a suite, fetched into the hub's cache: at the pinned commit, checked against the lock.

huggingface_hub downloads; it goes on where a connection broke, writes each file beside its name and moves it there when
it has its size. What is added here: which files, in which order, whether they fit on the disk, their SHA-256, and
sentences. Weights and rows come one file after the other, so that Ctrl-C ends at once and keeps all that came before.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from joulemark import durable, network
from joulemark.errors import (
    AgentError,
    DiskFull,
    NoConnection,
    NotVerified,
    ServerFailed,
    StorageError,
    UsageError,
)
from joulemark.exchange_limits import Limits
from joulemark.hub.byte_count import ByteCount, Progress, UnseenBar, bar_for
from joulemark.hub.client import DEFAULT_HUB, Entry, HubClient, NotGiven, hub_origin
from joulemark.hub.fetch_errors import OFFLINE, gated, no_parquet, of_disk, translated, vanished
from joulemark.hub.missing import (
    cached_listing,
    damaged_files,
    has_size,
    is_forbidden,
    require_libraries,
    rows_in,
    rows_needed,
)
from joulemark.hub.needed_files import beside_rows, beside_weights
from joulemark.hub.part_download import OtherBytes, fetch_blob, part_of, size_of
from joulemark.suite import DataSet, Model
from joulemark.suite.hub_files import split_files
from joulemark.translation import gettext as _
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from joulemark.hub.fetched_files import FetchLog
    from joulemark.hub.missing import Fetch, Wanted

FILE_LIMITS = Limits(least_bytes=300_000, rate_s=60.0)
"""Of a file, which may be large: no time for all of it, but 5 kB a second, over a minute. Silence the library ends."""
SETTINGS = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
"""Environment that the hub's library reads once, when it is loaded: nothing but files is asked, and no bar drawn."""

_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Survey:
    """What is to come of a repository: `small` files, then `large` ones in order, weights or shards, with their bytes.

    `size_bytes` is what is missing: of a data set at least, because only a shard's footer tells how many are needed.
    """

    wanted: Wanted
    small: tuple[Entry, ...]
    large: tuple[Entry, ...]
    size_bytes: int


@dataclass(frozen=True)
class _Hub:
    origin: str
    token: str | None


def fetch(
    plan: Fetch,
    *,
    hub: str | None = None,
    token: str | None = None,
    progress: Progress = lambda _name, _done_bytes, _total_bytes: None,
    say: Callable[[str], None] = lambda _: None,
    failed: Callable[[Wanted, AgentError], None] | None = None,
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
    require_cache(plan.wanted[0].cache)
    source = _hub(hub, token)
    surveys: list[Survey] = []
    with HubClient(source.origin, token=source.token) as client:
        for wanted in plan.wanted:
            with _told(wanted, failed):
                surveys.append(survey(wanted, client))
    total_bytes = sum(found.size_bytes for found in surveys)
    for found in surveys:
        say(f"{found.wanted.name}: {in_words(found.size_bytes)}")
    if surveys:
        say(
            _("{size} will be fetched into {cache}.").format(
                size=in_words(total_bytes), cache=plan.wanted[0].cache
            )
        )
        require_space(plan.wanted[0].cache, total_bytes)
    count = ByteCount(total_bytes, progress)
    for found in surveys:
        with _told(found.wanted, failed):
            _download(found, source, _Arrivals(found, log), count)


def survey(wanted: Wanted, client: HubClient) -> Survey:
    """Ask the hub, or the cache where it knows, for the files of a repository. Raises NotOnHub or Unreachable."""
    files = cached_listing(wanted)
    if files is None:
        try:
            files = client.files(wanted.kind, wanted.hub_id, wanted.revision)
        except NotGiven as error:
            raise (gated if error.reason == "gated" else vanished)(wanted) from error
    entry = wanted.entry
    if isinstance(entry, Model):
        small = beside_weights(files)
        large = tuple(Entry(type="file", path=file.name, size=file.bytes) for file in entry.files)
        missing = [file for file in large if not has_size(wanted.folder / file.path, file.size)]
    else:
        small = beside_rows(files)
        sizes = {file.path: file for file in files}
        large = tuple(sizes[name] for name in split_files(sizes, entry))
        if not large:
            raise no_parquet(wanted)
        missing = [file for file in large if rows_in(wanted.folder / file.path) is None][:1]
    again = {file.name for file in damaged_files(wanted)}
    missing += [file for file in small if file.path in again or not (wanted.folder / file.path).is_file()]
    return Survey(wanted, small, large, sum(file.size for file in missing))


def require_cache(cache: Path) -> None:
    """Raises StorageError or DiskFull unless the folder is there, or can be made, and can be written."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=cache):
            return
    except OSError as error:
        raise of_disk(error, cache) from error


def require_space(cache: Path, size_bytes: int) -> None:
    """Raises DiskFull unless so much fits beside a small reserve."""
    folder = next(path for path in (cache, *cache.parents) if path.exists())
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < size_bytes + durable.RESERVE_BYTES:
        raise DiskFull(
            _(
                "{size} are to be fetched and {folder} has {free} free. Free some space, or point"
                " HF_HOME to a larger disk."
            ).format(size=in_words(size_bytes), folder=folder, free=in_words(free_bytes))
        )


def in_words(size_bytes: int) -> str:
    """Bytes in kB, MB or GB, by powers of ten."""
    for unit, number in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= number:
            return f"{size_bytes / number:.1f} {unit}"
    return f"{size_bytes / 1e3:.1f} kB"


def _hub(origin: str | None, token: str | None) -> _Hub:
    """The hub that is meant, and its library set to take the same way there as everything else. Raises UsageError."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    found = hub_origin(origin or os.environ.get("HF_ENDPOINT") or DEFAULT_HUB)
    _set_library_up(found)
    return _Hub(found, token or network.token() or _stored_token())


def _set_library_up(origin: str) -> None:
    """huggingface_hub asks through our factory. Its second way, xet, has a client of its own, which knows no proxy."""
    import httpx2
    from huggingface_hub import constants, set_client_factory
    from huggingface_hub.utils._http import hf_request_event_hook

    network.require_way(httpx2, origin)
    set_client_factory(
        lambda: network.client(
            httpx2,
            limits=FILE_LIMITS,
            event_hooks={"request": [hf_request_event_hook]},
            follow_redirects=True,
            timeout=None,
        )
    )
    if network.has_settings():
        constants.HF_HUB_DISABLE_XET = True


def _stored_token() -> str | None:
    """What `hf auth login` has kept, or None. Raises UsageError when it cannot be read or sent."""
    from huggingface_hub import constants, get_token

    try:
        found = get_token()
    except (OSError, ValueError) as error:
        raise UsageError(
            _(
                "The token in {hf_token_path} cannot be read. Remove it, or log in anew: `hf auth login`."
            ).format(hf_token_path=constants.HF_TOKEN_PATH)
        ) from error
    return None if not found else network.checked_token(found, source=str(constants.HF_TOKEN_PATH))


@contextmanager
def _told(wanted: Wanted, failed: Callable[[Wanted, AgentError], None] | None) -> Iterator[None]:
    """A failure that is of this repository alone is told, where somebody wants to be told.

    A hub that cannot be reached is so for the others too.
    """
    try:
        yield
    except (NoConnection, StorageError, UsageError):
        raise
    except AgentError as error:
        if failed is None:
            raise
        failed(wanted, error)


class _Arrivals:
    """Notes the files of a repository that came and were not there before."""

    def __init__(self, found: Survey, log: FetchLog | None) -> None:
        self._wanted, self._log = found.wanted, log
        self._is_new = not found.wanted.folder.parents[1].exists()
        files = (*found.small, *found.large)
        self._absent = {file.path for file in files if not os.path.lexists(found.wanted.folder / file.path)}

    def note(self, *files: Entry) -> None:
        """These files are there now."""
        names = [file.path for file in files if file.path in self._absent]
        if self._log is not None and names:
            self._log.add(self._wanted, names, is_new=self._is_new)


def _download(found: Survey, hub: _Hub, arrivals: _Arrivals, count: ByteCount) -> None:
    """Small files first: once the last of the weights is there, so is all that they need."""
    from huggingface_hub import snapshot_download

    wanted = found.wanted
    damaged = damaged_files(wanted)
    for pinned in damaged:
        _discard_if_there(wanted.folder / pinned.name)
    if found.small:
        new_bytes = sum(file.size for file in found.small if not (wanted.folder / file.path).is_file())
        name = found.small[0].path
        attempt = partial(
            snapshot_download,
            wanted.hub_id,
            repo_type=wanted.kind[:-1],
            revision=wanted.revision,
            cache_dir=wanted.cache,
            endpoint=hub.origin,
            token=hub.token or False,
            allow_patterns=[glob.escape(file.path) for file in found.small],
            tqdm_class=UnseenBar,
        )
        _persistently(attempt, wanted, name, hub)
        arrivals.note(*found.small)
        count.whole(name, new_bytes)
    for pinned in damaged:
        _verify(wanted, Entry(type="file", path=pinned.name, size=pinned.bytes), pinned.sha256)
    if isinstance(wanted.entry, Model):
        digests = {file.name: file.sha256 for file in wanted.entry.files}
        for file in found.large:
            if not has_size(wanted.folder / file.path, file.size):
                _get(wanted, file, hub, count, digests[file.path])
                _verify(wanted, file, digests[file.path])
                arrivals.note(file)
    else:
        _shards(found, wanted.entry, hub, arrivals, count)


def _shards(found: Survey, dataset: DataSet, hub: _Hub, arrivals: _Arrivals, count: ByteCount) -> None:
    """Shard by shard until the rows are there."""
    needed, rows, fetched = rows_needed(dataset), 0, 0
    for file in found.large:
        path = found.wanted.folder / file.path
        here = rows_in(path)
        if here is None:
            if fetched:
                count.expect(file.size)
            _get(found.wanted, file, hub, count, None if file.lfs is None else file.lfs.oid)
            _verify(found.wanted, file, _sha256_in_name(path))
            arrivals.note(file)
            fetched, here = fetched + 1, rows_in(path)
        if here is None:
            _discard(path)
            raise NotVerified(
                _(
                    "The file {path} of the {name} is no whole Parquet file and was deleted: the next fetch gets "
                    "it anew."
                ).format(path=file.path, name=found.wanted.name),
                code="broken-file",
            )
        rows += here
        if needed is not None and rows >= needed:
            return


def _get(wanted: Wanted, file: Entry, hub: _Hub, count: ByteCount, sha256: str | None) -> None:
    """Fetch a large file: its bytes by ourselves where its digest is known, its place in the cache by the library."""
    from huggingface_hub import hf_hub_download

    _discard_if_there(wanted.folder / file.path)
    if sha256 is not None and _SHA256.fullmatch(sha256):
        _get_blob(wanted, file, hub, count, sha256)
    else:
        require_space(wanted.cache, file.size)

    def attempt() -> None:
        count.again()
        hf_hub_download(
            wanted.hub_id,
            file.path,
            repo_type=wanted.kind[:-1],
            revision=wanted.revision,
            cache_dir=wanted.cache,
            endpoint=hub.origin,
            token=hub.token or False,
            tqdm_class=bar_for(count, file.path),
        )

    _persistently(attempt, wanted, file.path, hub)
    count.whole(file.path, file.size)


def _get_blob(wanted: Wanted, file: Entry, hub: _Hub, count: ByteCount, sha256: str) -> None:
    part = part_of(wanted, sha256)
    require_space(wanted.cache, max(0, file.size - size_of(part)))

    def begin(here_bytes: int) -> None:
        count.again()
        count.part(file.path, here_bytes)

    try:
        with HubClient(hub.origin, token=hub.token, limits=FILE_LIMITS) as client:
            fetch_blob(client, wanted, file, sha256, begin=begin, received=partial(count.part, file.path))
    except NotGiven as error:
        raise (gated(wanted) if error.reason == "gated" else vanished(wanted, file.path)) from error
    except OtherBytes as error:
        raise _other_bytes(wanted, file, error.sha256, sha256) from error
    except OSError as error:
        raise of_disk(error, wanted.cache) from error


def _persistently(attempt: Callable[[], object], wanted: Wanted, file: str, hub: _Hub) -> None:
    """Try again after pauses what a broken or busy server spoilt; where it did not answer at all, the library has."""
    from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError

    waiting = Waiting(hub.origin)
    while True:
        try:
            attempt()
        except (OSError, RuntimeError, HTTPError) as error:
            failure = translated(error, wanted, file, hub.origin)
            is_tried_enough = isinstance(error, LocalEntryNotFoundError)
            if is_tried_enough or not isinstance(failure, (NoConnection, ServerFailed)):
                raise failure from error
            if not waiting.wait(failure.cause, failure.retry_after_s):
                raise failure from error
        else:
            return


def _verify(wanted: Wanted, file: Entry, sha256: str | None) -> None:
    """Raises NotVerified, the file deleted, unless it has this digest."""
    if sha256 is None:
        return
    path = wanted.folder / file.path
    try:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise of_disk(error, wanted.cache) from error
    if found != sha256:
        _discard(path)
        raise _other_bytes(wanted, file, found, sha256)


def _other_bytes(wanted: Wanted, file: Entry, found: str, sha256: str) -> NotVerified:
    return NotVerified(
        _(
            "The file {path} of the {name} came with the SHA-256 {found}…, not {sha256}… as it must, and "
            "was deleted. If the next fetch gets the same, this hub has other bytes than were pinned."
        ).format(path=file.path, name=wanted.name, found=found[:16], sha256=sha256[:16]),
        code="weights-digest" if wanted.kind == "models" else "broken-file",
    )


def _sha256_in_name(path: Path) -> str | None:
    """The cache calls a large file's blob by the SHA-256 that the hub states."""
    name = os.path.basename(os.readlink(path)) if path.is_symlink() else ""  # noqa: PTH115, PTH119 - one hop only
    return name if _SHA256.fullmatch(name) else None


def _discard_if_there(path: Path) -> None:
    if path.is_symlink() or path.exists():
        _discard(path)


def _discard(path: Path) -> None:
    """Delete a file of a snapshot with all that its links lead to."""
    while True:
        onward = path.parent / path.readlink() if path.is_symlink() else None
        path.unlink(missing_ok=True)
        if onward is None:
            return
        path = onward
