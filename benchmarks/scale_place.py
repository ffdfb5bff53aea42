"""Where the large platform of benchmarks/scale.py lies: in folders that go at the end, or in one that stays.

Ten million results take an hour to fill. In a folder that stays (BENCH_FOLDER) the next run finds the database, the
platform's own files and what it needs to know of its rows, fills what is missing and measures.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark_simulation.services import Services, find_postgres, make_cluster, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scale_rows import LargePlatform
    from joulemark.suite import Suite

STATE = "large-platform.json"
UNFINISHED = "unfinished"
"""A file that is there while rows are written: who finds it finds a part of them."""


class FolderUnusable(Exception):
    """What the folder holds is not what is asked for; `str(error)` says what to do next."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The running servers, the folder of the platform's own files, and the database's."""

    running: Services
    folder: Path
    database: Path

    def stored_platform(self, suite: Suite, *, largest: int) -> LargePlatform | None:
        """The platform as the last run left it, None where there was none.

        Raises FolderUnusable for one that was broken off, or was made for fewer than `largest` results: the times of
        more would lie in the future.
        """
        from benchmarks.scale_rows import LargePlatform

        if (self.folder / UNFINISHED).exists():
            raise FolderUnusable(f"A run was broken off while it filled {self.folder.parent}: delete it.")
        file = self.folder / STATE
        if not file.exists():
            return None
        state = json.loads(file.read_text(encoding="utf-8"))
        state["since"] = datetime.fromisoformat(state["since"])
        platform = LargePlatform(suite=suite, **state)
        if platform.largest < largest:
            raise FolderUnusable(
                f"{self.folder.parent} was made for {platform.largest:,} results at most, not for {largest:,}: name "
                "another folder, or delete it."
            )
        return platform

    def begin(self, platform: LargePlatform) -> None:
        """Make its first rows, and know it if that is broken off."""
        with self._changing(platform):
            platform.begin()

    def grow(self, platform: LargePlatform, total: int) -> None:
        """Have `total` results, and know it if that is broken off; nothing to do where there are as many."""
        if total == platform.total:
            return
        with self._changing(platform):
            platform.grow(total)

    @contextmanager
    def _changing(self, platform: LargePlatform) -> Iterator[None]:
        mark = self.folder / UNFINISHED
        mark.touch()
        yield
        state = {name: value for name, value in vars(platform).items() if name != "suite"}
        text = json.dumps(state | {"since": platform.since.isoformat()})
        (self.folder / STATE).write_text(text, encoding="utf-8")
        mark.unlink()


@contextmanager
def running_place(folder: str | None) -> Iterator[Place]:
    """The servers and folders, those in `folder` if one is given; else all of it goes at the end."""
    if folder is None:
        with services() as running, tempfile.TemporaryDirectory() as throwaway:
            yield Place(running=running, folder=Path(throwaway), database=running.folder / "data")
        return
    database, own = Path(folder) / "database", Path(folder) / "platform"
    own.mkdir(parents=True, exist_ok=True)
    if not database.exists():
        make_cluster(find_postgres().with_name("initdb"), database)
    with services(postgres_data=database) as running:
        yield Place(running=running, folder=own, database=database)
