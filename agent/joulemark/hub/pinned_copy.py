"""A suite with its lock: what `joulemark suite pin` writes as a folder, and a platform hands out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from joulemark import network
from joulemark.errors import UsageError
from joulemark.hub.client import DEFAULT_HUB, HubClient
from joulemark.hub.pin import pin
from joulemark.suite import open_suite
from joulemark.suite.loader import files_of, folder_of
from joulemark.suite.lock import LOCK
from joulemark.suite_copy import new_folder, write_copy
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.suite import Suite
    from joulemark.suite.lock import Lock


def write_pinned_copy(
    name: str, *, folder: str, hub: str | None, say: Callable[[str], None]
) -> tuple[Suite, Lock]:
    """Pin the suite `name` (or the one in that folder) and write it with its lock into the new `folder`.

    As `ask_lock`; nothing is written unless the hub has answered. Raises StorageError too.
    """
    target = new_folder(folder)
    lock = ask_lock(name, hub=hub, say=say)
    return write_copy(files_of(folder_of(name)), target, file=LOCK, data=lock.to_toml()), lock


def ask_lock(name: str, *, hub: str | None, say: Callable[[str], None]) -> Lock:
    """Ask the hub for the lock of the unpinned suite `name`, or of the one in that folder; `say` is told each name.

    The hub is `hub`, else HF_ENDPOINT, else huggingface.co; HF_TOKEN, where it is set, is sent to it. Raises
    UsageError, SuiteError or Unreachable.
    """
    suite = open_suite(name)
    if LOCK in files_of(folder_of(name)):
        raise UsageError(
            _("Suite {name} {version} is already pinned. Pin the suite without its {lock}.").format(
                name=suite.name, version=suite.version, lock=LOCK
            )
        )
    if not any([*(model.hub_id for model in suite.models), *(dataset.hub_id for dataset in suite.datasets)]):
        raise UsageError(
            _("Suite {name} uses nothing from the hub: it needs no pinning.").format(name=suite.name)
        )
    origin = hub or os.environ.get("HF_ENDPOINT") or DEFAULT_HUB
    with HubClient(origin, token=network.token()) as client:
        return pin(suite, client, say=say)
