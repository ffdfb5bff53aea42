"""The platform of benchmarks/scale.py: as it is served, with the number of its SQL statements in a header."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from joulemark_site.wsgi import application as platform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STATEMENTS = "X-Statements"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the platform does."""
    statements = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        return start_response(status, [*headers, (STATEMENTS, str(statements))], *rest)

    with connection.execute_wrapper(count):
        return platform(environ, start)
