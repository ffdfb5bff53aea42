"""Whether this process lives, and whether it can do its work: for proxies, containers and monitors, not for people.

`/livez` says that the process answers, and asks nothing else: restarting it would mend nothing that is away. `/readyz`
asks each thing that a request needs and names every one that is amiss, in a sentence for the operator.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from measurements.intake.platform_key import KeyUnusable, announced

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

BROKER_LIMIT_S = 1.0


class NotReady(Exception):
    """Something that a request needs is amiss; `str(error)` says what."""


@require_safe
def livez(_request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers."""
    return HttpResponse(
        "alive\n", content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 with `ready`, or 503; `checks` has for each thing that a request needs "ok" or what is amiss."""
    checks = {name: _outcome_of(name, check) for name, check in CHECKS.items()}
    is_ready = all(outcome == "ok" for outcome in checks.values())
    return JsonResponse(
        {"ready": is_ready, "checks": checks},
        status=200 if is_ready else 503,
        headers={"Cache-Control": "no-store"},
    )


def _outcome_of(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except NotReady as error:
        logger.warning("not ready, %s: %s", name, error)
        return str(error)
    return "ok"


def _database() -> None:
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        connection.close()
        raise NotReady(
            "The database does not answer; see DATABASE_URL and the database's own log."
        ) from error


def _schema() -> None:
    try:
        _require_migrated()
    except DatabaseError as error:
        raise NotReady("The tables cannot be read; see the database.") from error


@cache
def _require_migrated() -> None:
    """Asked until it is so: from then on a process has the tables that its code was made for."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotReady("The tables are behind this code: run `manage.py prepare`.")


def _keys() -> None:
    try:
        announced()
    except KeyUnusable as error:
        raise NotReady(str(error)) from error
    except DatabaseError as error:
        raise NotReady("Whether the keys fit cannot be asked; see the database.") from error


def _queue() -> None:
    if not settings.REDIS_URL:
        return
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=BROKER_LIMIT_S, socket_timeout=BROKER_LIMIT_S
    )
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        raise NotReady(
            "The queue does not answer; see REDIS_URL. Uploads are taken all the same, and judged by the sweep."
        ) from error
    finally:
        client.close()


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "schema": _schema,
    "keys": _keys,
    "queue": _queue,
}
"""What a request needs, in the order in which it is asked for."""
