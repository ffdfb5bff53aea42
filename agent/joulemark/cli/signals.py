"""Signals that ask a run to end: it ends as with Ctrl-C, so that no job that was under way is taken for a crash."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from joulemark.errors import EXIT_HUNG_UP, EXIT_TERMINATED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

EXIT_CODES = {signal.SIGTERM: EXIT_TERMINATED, signal.SIGHUP: EXIT_HUNG_UP}
"""What `kill`, a service manager and a closed terminal send, and the exit codes: 128 and the signal's number."""


class Ended(KeyboardInterrupt):
    """The run was asked to end, by the signal of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = EXIT_CODES[signal.Signals(number)]


@contextmanager
def ends_in_order() -> Iterator[None]:
    """Within it SIGTERM and SIGHUP raise Ended once; further ones are ignored while the run ends.

    A signal that was ignored before, as under `nohup`, stays ignored. What still is to be said after a terminal was
    closed goes nowhere, instead of failing. Only for the main thread.
    """
    before = {number: signal.getsignal(number) for number in EXIT_CODES}
    handled = [number for number in EXIT_CODES if before[number] is signal.SIG_DFL]
    terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]

    def end(number: int, _frame: FrameType | None) -> None:
        for other in handled:
            signal.signal(other, signal.SIG_IGN)
        if number == signal.SIGHUP:
            _silence(terminals)
        raise Ended(number)

    for number in handled:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def _silence(terminals: list[int]) -> None:
    if terminals:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in terminals:
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
