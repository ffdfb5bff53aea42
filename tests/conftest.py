"""What every test shares. The tests run beside real servers: `make test`, or `python tests/services.py -- pytest`."""

from __future__ import annotations

import os

import pytest
from celery import current_app


def pytest_configure(config: pytest.Config) -> None:
    """Say at once what is missing, instead of failing test by test."""
    if not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError(
            "No DATABASE_URL: run `make test`, or `python tests/services.py -- pytest`; both start the servers."
        )


@pytest.fixture(autouse=True)
def tasks_in_process() -> None:
    """Tasks run where they are called; tests of a real worker start one in a process of its own."""
    current_app.conf.task_always_eager = True
