"""Whether the agent's folders can be written and have room."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from joulemark import durable
from joulemark.session.diagnosis import Diagnosis
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from joulemark.config import Folders

LEAST_FREE_BYTES = 64 * 1024 * 1024
"""Below this a result of a long run may not fit."""


def folder_diagnoses(folders: Folders) -> Iterator[Diagnosis]:
    """Yield a line for each of the folders of settings, state and cache."""
    for what, folder in (("config", folders.config), ("state", folders.state), ("cache", folders.cache)):
        try:
            there = next(path for path in (folder, *folder.parents) if path.exists())
            free = shutil.disk_usage(there).free
            writable = os.access(there, os.W_OK | os.X_OK)
        except PermissionError:
            writable, there = False, folder
        if not writable:
            yield _unwritable(what, there)
        elif free < LEAST_FREE_BYTES:
            is_full = what == "state" and free < durable.RESERVE_BYTES  # a run holds so much in the outbox
            yield Diagnosis(
                area="folder",
                what=what,
                state="not available" if is_full else "warning",
                detail=_("{folder}, {free} MiB free").format(folder=folder, free=free // 2**20),
                mend=_("Free some space, or a result may not fit."),
            )
        else:
            yield Diagnosis(
                area="folder",
                what=what,
                state="ok",
                detail=_("{folder}, {free} MiB free").format(folder=folder, free=free // 2**20),
            )


def _unwritable(what: str, folder: Path) -> Diagnosis:
    return Diagnosis(
        area="folder",
        what=what,
        state="not available",
        detail=_("{folder} is not writable").format(folder=folder),
        mend=_("Make it writable, or set XDG_{kind}_HOME to a folder of your own.").format(kind=what.upper()),
    )
