"""What the hub's library raises, in our errors: a table, read once."""

from __future__ import annotations

import errno
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from joulemark.errors import (
    AgentError,
    BadAnswer,
    DiskFull,
    NoConnection,
    NotOnHub,
    ServerFailed,
    StorageError,
    UsageError,
)
from joulemark.patience import retry_after_s
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from pathlib import Path

    from huggingface_hub.errors import HfHubHTTPError

    from joulemark.hub.missing import FetchTarget

OFFLINE = marked(
    "HF_HUB_OFFLINE is set, so nothing is fetched. Unset it to fetch the missing files, or point "
    "HF_HOME to a cache that has them."
)
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def gated(target: FetchTarget) -> NotOnHub:
    """The owner wants consent, and the hub knows of none."""
    return NotOnHub(
        "gated",
        _(
            "The {name} requires consent to its terms: give it at {url}, and set HF_TOKEN to a token "
            "of the same account."
        ).format(name=target.name, url=target.entry.url),
    )


def vanished(target: FetchTarget, file: str | None = None) -> NotOnHub:
    """The repository, its pinned commit or a file of it is gone."""
    sentence = (
        _(
            "The hub no longer has the {name} ({hub_id}) at the pinned commit {revision}; nothing is "
            "substituted. If it is private, set HF_TOKEN."
        )
        if file is None
        else _(
            "The hub no longer has the file {file} of the {name} ({hub_id}) at the pinned commit "
            "{revision}; nothing is substituted. If it is private, set HF_TOKEN."
        )
    )
    return NotOnHub(
        "vanished",
        sentence.format(file=file, name=target.name, hub_id=target.hub_id, revision=target.revision[:12]),
    )


def no_parquet(target: FetchTarget) -> NotOnHub:
    """The pinned commit has no files that are clearly of the split."""
    split = getattr(target.entry, "split", None)
    return NotOnHub(
        "no-parquet",
        _(
            "At the pinned commit, the {name} ({hub_id}) has no Parquet files that clearly belong to "
            "its split {split}. Pin the suite again with `joulemark suite pin`."
        ).format(name=target.name, hub_id=target.hub_id, split=split),
    )


def translated(error: Exception, target: FetchTarget, file: str, hub: str) -> AgentError:
    """Our error for what huggingface_hub or the disk raised while `file` was fetched from `hub`."""
    from huggingface_hub import errors

    cause = (
        error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ else error
    )
    if isinstance(cause, errors.OfflineModeIsEnabled):
        return UsageError(_(OFFLINE))
    if isinstance(cause, errors.FileMetadataError):
        return BadAnswer(
            _("{hub} does not answer like a hub ({cause}). Check `--hub` and HF_ENDPOINT.").format(
                hub=hub, cause=cause
            )
        )
    if isinstance(cause, errors.HfHubHTTPError):
        return _of_status(cause, target, file, hub)
    if isinstance(cause, OSError) and cause.errno is not None and not isinstance(cause, ConnectionError):
        return of_disk(cause, target.cache)
    return NoConnection(
        _(
            "{hub} cannot be reached, or closed the connection while sending {file} of the {name} "
            "({kind}). Received data is kept; the same command resumes the download."
        ).format(hub=hub, file=file, name=target.name, kind=type(cause).__name__),
        cause=type(cause).__name__,
    )


def of_disk(error: OSError, cache: Path) -> StorageError:
    """Our error for a cache that cannot be written."""
    if error.errno in _NO_SPACE:
        return DiskFull(
            _(
                "No space is left in {cache}. Free some space there, or point HF_HOME to a larger "
                "disk, then run the command again: complete files are kept."
            ).format(cache=cache)
        )
    return StorageError(
        _("{cache} cannot be written ({why}). Point HF_HOME to a writable folder.").format(
            cache=cache, why=error.strerror or error
        )
    )


def _of_status(error: HfHubHTTPError, target: FetchTarget, file: str, hub: str) -> AgentError:
    from huggingface_hub import errors

    status = int(error.response.status_code)
    if isinstance(error, errors.GatedRepoError):
        return gated(target)
    gone = (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.RemoteEntryNotFoundError,
        errors.DisabledRepoError,
    )
    if isinstance(error, gone) or status in (404, 410):
        return vanished(target, file if isinstance(error, errors.RemoteEntryNotFoundError) else None)
    if status in (401, 403):
        return gated(target)
    if status >= 500 or status == 429:
        return ServerFailed(
            _(
                "{hub} failed with an internal error (HTTP {status}) for {file} of the {name}. "
                "Received data is kept; the same command resumes the download."
            ).format(hub=hub, status=status, file=file, name=target.name),
            status=status,
            retry_after_s=retry_after_s(error.response.headers.get("retry-after"), datetime.now(UTC)),
        )
    return BadAnswer(
        _("{hub} answered with HTTP {status} for {file} of the {name}. Check `--hub`.").format(
            hub=hub, status=status, file=file, name=target.name
        )
    )
