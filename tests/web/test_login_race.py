"""Wrong passwords that arrive at the same moment pass no limit together: threads in the order that a test decides."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db import connection

from joulemark_site.moderators import login_attempts
from tests.web.test_login_limits import NAME, PASSWORD, WRONG, is_in, lines, log_in

ATTEMPTS = 40
LIMIT_S = 60.0


@pytest.fixture
def moderator(committed: None, settings: Any) -> User:
    settings.PROXIES = 1
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_user(NAME, password=PASSWORD, is_staff=True)


class PasswordChecks:
    """Stands before the check of passwords: each waits there until every attempt is there too, or is answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.answered = 0, 0
        self._moved = threading.Condition()
        authenticate = ModelBackend.authenticate

        def stopped(backend: ModelBackend, request: Any, *args: Any, **options: Any) -> Any:
            with self._moved:
                self.begun += 1
                self._moved.notify_all()
                assert self._moved.wait_for(lambda: self.begun + self.answered >= ATTEMPTS, LIMIT_S)
            return authenticate(backend, request, *args, **options)

        monkeypatch.setattr(ModelBackend, "authenticate", stopped)

    def attempt(self, address: str, name: str) -> int:
        """In a thread of its own, with a database connection of its own; the status of the answer."""
        try:
            return log_in(WRONG, address=address, name=name).status_code
        finally:
            connection.close()
            with self._moved:
                self.answered += 1
                self._moved.notify_all()


@pytest.mark.parametrize(
    ("address", "name", "limit"),
    [
        ("203.0.113.5", NAME, login_attempts.NAME_AND_NETWORK_LIMIT),
        ("203.0.113.5", "name {}", login_attempts.NETWORK_LIMIT),
        ("203.0.{}.5", NAME, login_attempts.NAME_LIMIT),
    ],
    ids=["name and network", "network", "name"],
)
def test_forty_wrong_passwords_at_the_same_moment_pass_no_limit_together(
    moderator: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    address: str,
    name: str,
    limit: int,
) -> None:
    caplog.set_level(logging.INFO)
    checks = PasswordChecks(monkeypatch)
    with ThreadPoolExecutor(ATTEMPTS) as pool:
        pending = [
            pool.submit(checks.attempt, address.format(number), name.format(number))
            for number in range(ATTEMPTS)
        ]
        statuses = sorted(attempt.result() for attempt in pending)
    assert checks.begun == limit, "the other passwords were never looked at"
    locked = ATTEMPTS - limit + 1
    assert statuses == [200] * (limit - 1) + [429] * locked
    assert [len(lines(caplog, code)) for code in ("JM-LOGIN-FAILED", "JM-LOGIN-LOCKED")] == [
        limit - 1,
        locked,
    ]
    monkeypatch.undo()
    assert not is_in(log_in(PASSWORD, address=address.format(0))), "and now the right one, too"
