"""One replay at a time works with a state file; the lock ends with the process that holds it, however that ends."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self


class StateLocked(Exception):
    """Another process holds the lock."""


class StateLock:
    """A lock beside a state file: a database without a table, which SQLite locks by the means of each system."""

    def __init__(self, state: Path) -> None:
        self._place = state.with_name(f"{state.name}.lock")

    def __enter__(self) -> Self:
        """Raises StateLocked, or sqlite3.Error where no lock can be made."""
        self._database = sqlite3.connect(self._place, timeout=0, isolation_level=None)
        try:
            self._database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._database.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StateLocked(str(self._place)) from error
            raise
        except sqlite3.Error:
            self._database.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()
        if not self._place.stat().st_size:
            self._place.unlink(missing_ok=True)
