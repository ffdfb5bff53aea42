"""Where the large platform of benchmarks/scale.py lies: in folders that go at the end, or in one that stays.

Ten million results take an hour to fill. In a folder that stays (BENCH_FOLDER) the database, the
platform's own files and the state of its making are found again by the next run, which fills what is missing and
measures.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from joulemark_simulation.services import Services, find_postgres, make_cluster, services

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.scale_rows import LargePlatform
    from joulemark.suite import Suite

STATE = "large-platform.json"
GROWING = "growing"
"""Stands in the state while rows are written: who finds it there finds half of them."""


class HalfFilled(Exception):
    """A run was broken off while it filled the folder; `str(error)` says what to do next."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The running servers, the folder of the platform's own files, and the database's."""

    running: Services
    folder: Path
    data: Path

    def stored_platform(self, suite: Suite) -> LargePlatform | None:
        """The platform as the last run left it, None where there was none. Raises HalfFilled."""
        from benchmarks.scale_rows import LargePlatform

        file = self.folder / STATE
        if not file.exists():
            return None
        state = json.loads(file.read_text(encoding="utf-8"))
        if state.pop(GROWING):
            raise HalfFilled(f"A run was broken off while it filled {self.folder.parent}: delete it.")
        since = datetime.fromisoformat(state.pop("since"))
        return LargePlatform(suite=suite, since=since, **state)

    def store(self, platform: LargePlatform, *, growing: bool) -> None:
        """Write down what the next run needs to know of it."""
        state = {name: value for name, value in asdict(platform).items() if name != "suite"}
        state |= {"since": platform.since.isoformat(), GROWING: growing}
        (self.folder / STATE).write_text(json.dumps(state), encoding="utf-8")

    def grow(self, platform: LargePlatform, total: int) -> None:
        """Have `total` results, and know it if that is broken off."""
        self.store(platform, growing=True)
        platform.grow(total)
        self.store(platform, growing=False)


@contextmanager
def found_or_made(kept: str | None) -> Iterator[Place]:
    """The servers and folders, those in `kept` if it is given; else all of it goes at the end."""
    if kept is None:
        with services() as running, tempfile.TemporaryDirectory() as throwaway:
            yield Place(running=running, folder=Path(throwaway), data=running.folder / "data")
        return
    data, folder = Path(kept) / "database", Path(kept) / "platform"
    folder.mkdir(parents=True, exist_ok=True)
    if not data.exists():
        make_cluster(find_postgres().with_name("initdb"), data)
    with services(postgres_data=data) as running:
        yield Place(running=running, folder=folder, data=data)
