"""How long a statement, a wait for a lock and an idle transaction may last on PostgreSQL, by what a process does.

A request that takes longer than its proxy waits works for nobody; a task that takes longer than its limit is killed.
Commands of `manage.py` have no limit: a migration takes as long as it takes.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connections

WEB, WORKER = "web", "worker"
LOCK_SHARE = 0.4
"""Of a statement's time, what it may spend waiting for one lock: the rest is for the work itself."""
LEAST_S = 5


def limits_s(role: str) -> dict[str, int]:
    """PostgreSQL's settings for a role, in seconds."""
    # a task is killed at its limit; its statement ends before, so that the transaction ends in order
    statement_s = (
        settings.STATEMENT_LIMIT_S if role == WEB else max(settings.CELERY_TASK_TIME_LIMIT - LEAST_S, LEAST_S)
    )
    return {
        "statement_timeout": statement_s,
        "lock_timeout": max(round(statement_s * LOCK_SHARE), 1),
        "idle_in_transaction_session_timeout": statement_s + LEAST_S,
    }


def limit_statements(role: str) -> None:
    """Give the limits of `role` to every connection that this process opens from now on. Nothing on SQLite."""
    database = connections.settings["default"]
    if not database["ENGINE"].endswith("postgresql"):
        return
    words = [f"-c {name}={seconds}s" for name, seconds in limits_s(role).items()]
    listed = database["OPTIONS"].get("options", "")
    # what DATABASE_URL itself says comes last, and so wins
    database["OPTIONS"]["options"] = " ".join([*words, *([listed] if listed else [])])
