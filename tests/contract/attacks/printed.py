"""The table at the end of a run: what came of each attack, and how many came out otherwise than they must.

It is made from the tests' reports, so it is whole where several processes share the tests.
"""

from __future__ import annotations

from typing import Any

import pytest

PROPERTY = "attack"
"""The name under which a test's report carries the outcome, as `Book.said` gives it."""


class AttackTable:
    """A plugin of pytest."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, str, str, str, bool]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome when the test was an attack."""
        if report.when == "call":
            found: list[Any] = [value for name, value in report.user_properties if name == PROPERTY]
            self._rows += [tuple(row) for row in found]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        if not self._rows:
            return
        terminalreporter.section("attacks")
        for *_, name, kind, what, _ in sorted(self._rows):
            terminalreporter.write_line(f"{name:<62} {kind:<12} {what}")
        unexpected = sum(not expected for *_, expected in self._rows)
        terminalreporter.write_line(f"{len(self._rows)} attacks, {unexpected} unexpected")
