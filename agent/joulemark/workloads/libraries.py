"""The libraries that workloads need: how to ask for what is missing, and the settings that they read when loaded."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Need:
    """A module that a workload imports or reads files of, and how pip knows it.

    `alone`: to be installed with `--no-deps`, because its declared dependencies are heavy and not used here.
    """

    module: str
    requirement: str
    alone: bool = False


@dataclass(frozen=True)
class Program:
    """A class by the module that defines it, imported only when it is opened."""

    module: str
    name: str
    needs: tuple[Need, ...]


SETTINGS = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # read with the first product; see `devices.CUBLAS_SETTING`
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait burn CPU time that no answer needs
    "TQDM_DISABLE": "1",  # libraries' progress bars would write over ours
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # those of the hub's library have a switch of their own
    "HF_HUB_DISABLE_TELEMETRY": "1",  # who fetches a file tells the hub nothing else
}
"""Environment that libraries read once, when they are loaded; what the user has set stays."""


def set_libraries_up() -> None:
    """Put SETTINGS into the environment, before a library reads it."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def what_to_install(needs: Iterable[Need]) -> str | None:
    """None if all of `needs` are installed, else one sentence with the commands that install what is missing."""
    missing = [need for need in needs if find_spec(need.module) is None]
    commands = [
        f"`pip install {option}{' '.join(requirements)}`"
        for option, requirements in (
            ("", [_quoted(need) for need in missing if not need.alone]),
            ("--no-deps ", [_quoted(need) for need in missing if need.alone]),
        )
        if requirements
    ]
    return f"Run {' and '.join(commands)}." if commands else None


def _quoted(need: Need) -> str:
    """The requirement as a shell takes it: quoted where it holds a comparison with < or >."""
    return f"'{need.requirement}'" if set("<>") & set(need.requirement) else need.requirement
