"""Two transactions at once, in an order that the test decides: threads that stop where they are told, and no clock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import pytest
from django.db import connection

LIMIT_S = 60.0
LOOK_EVERY_S = 0.01


class Racer:
    """`work` in a thread with a database connection of its own, from now on."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._came_of_it: object = None
        self._error: BaseException | None = None
        self._pid = 0
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._connected.wait(LIMIT_S)

    def _run(self) -> None:
        try:
            connection.ensure_connection()
            self._pid = connection.connection.info.backend_pid
            self._connected.set()
            self._came_of_it = self._work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where the test asks
            self._error = error
        finally:
            self._connected.set()
            connection.close()

    def settled(self) -> Literal["ended", "blocked"]:
        """What it has come to: it ended, or waits for a lock that another transaction holds."""
        for _ in range(round(LIMIT_S / LOOK_EVERY_S)):
            self._thread.join(LOOK_EVERY_S)
            if not self._thread.is_alive():
                return "ended"
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [self._pid])
                if cursor.fetchone()[0]:
                    return "blocked"
        raise AssertionError(f"it neither ended nor waited for a lock within {LIMIT_S:.0f} s")

    def result(self) -> Any:
        """What `work` returned, or raise what it raised."""
        self._thread.join(LIMIT_S)
        assert not self._thread.is_alive(), f"it did not end within {LIMIT_S:.0f} s"
        if self._error is not None:
            raise self._error
        return self._came_of_it


class Gate:
    """Stops the first who passes `wrap(step)`, after its step, until `open`; lets the others pass."""

    def __init__(self) -> None:
        self._first = threading.Lock()
        self._reached, self._opened = threading.Event(), threading.Event()

    def wrap(self, step: Callable[..., Any]) -> Callable[..., Any]:
        """`step` with the gate behind it."""

        def stopped(*args: Any, **kwargs: Any) -> Any:
            found = step(*args, **kwargs)
            if self._first.acquire(blocking=False):
                self._reached.set()
                assert self._opened.wait(LIMIT_S), "the gate was never opened"
            return found

        return stopped

    def put_behind(self, patch: pytest.MonkeyPatch, module: ModuleType, step: str) -> None:
        """Have all that call the module's `step` pass this gate."""
        patch.setattr(module, step, self.wrap(getattr(module, step)))

    def reached(self) -> None:
        """Return once the first stands at the gate."""
        assert self._reached.wait(LIMIT_S), "nobody came to the gate"

    def open(self) -> None:
        """Let the first go on."""
        self._opened.set()
