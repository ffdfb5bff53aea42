"""`manage.py serve`: the embedded platform, one command and no server to install."""

from __future__ import annotations

import ipaddress
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from joulemark_site.doctor.examination import print_findings
from measurements.intake.platform_key import KeyUnusable, announced
from measurements.ledger.errors import LogBroken
from measurements.ledger.sequencer import compare_with_places

CONFIG = Path(__file__).resolve().parents[2] / "gunicorn.py"


class Command(BaseCommand):
    """Become gunicorn, with this project's configuration."""

    help = "Serve with gunicorn until interrupted. Run `manage.py prepare` first."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options of the address, processes and threads."""
        parser.add_argument(
            "--bind", default="127.0.0.1:8000", help="address:port or unix:path (default: %(default)s)"
        )
        parser.add_argument("--workers", type=int, default=1, help="processes; more than 1 needs PostgreSQL")
        parser.add_argument("--threads", type=int, default=8, help="threads in each process")
        parser.add_argument(
            "--without-proxy",
            action="store_true",
            help="serve a public address although no proxy is in front",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replace this process by gunicorn."""
        if options["workers"] > 1 and connection.vendor == "sqlite":
            self.stderr.write(
                "SQLite serves one process: leave --workers at 1, or set DATABASE_URL to a PostgreSQL."
            )
            sys.exit(2)
        if not options["without_proxy"]:
            _require_proxy(options["bind"])
        print_findings(self.stderr)
        _require_prepared()
        self._compare_log()
        source_roots = os.pathsep.join(path for path in sys.path if path)
        command = [sys.executable, "-m", "gunicorn", "--config", str(CONFIG), "--bind", options["bind"]]
        command += ["--workers", str(options["workers"]), "--threads", str(options["threads"])]
        os.execve(  # noqa: S606 - our own interpreter with our own arguments
            sys.executable,
            [*command, "joulemark_site.wsgi:application"],
            {**os.environ, "PYTHONPATH": source_roots},
        )

    def _compare_log(self) -> None:
        """Notice before the first request that the database is older than the log. Pages are served all the same."""
        try:
            compare_with_places()
        except LogBroken as error:
            self.stderr.write(f"THE LOG IS BROKEN: {error}")
        finally:
            connection.close()


def _require_proxy(bind: str) -> None:
    """Raise CommandError where strangers would reach gunicorn itself: it has few threads, no TLS and no cache."""
    host = bind.rpartition(":")[0].strip("[]") if ":" in bind else bind
    if settings.PROXIES or bind.startswith(("unix:", "fd://")) or host == "localhost":
        return
    try:
        is_public = not ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_public = True
    if is_public:
        raise CommandError(
            f"JM-SERVE-PUBLIC: {bind} can be reached by other machines, and JOULEMARK_PROXIES is 0. Put a proxy in "
            "front that ends TLS and receives whole requests (docs/operations.md), and set JOULEMARK_PROXIES=1; or "
            "bind to 127.0.0.1; or add --without-proxy in a network that you trust.",
            returncode=2,
        )


def _require_prepared() -> None:
    """Raise CommandError where every page would fail, or every receipt.

    The database or the static files are behind this code, or a key does not fit.
    """
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise CommandError(
            f"The database does not answer: {str(error).splitlines()[0]}", returncode=2
        ) from error
    behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    collected = settings.DEBUG or (settings.STATIC_ROOT / "staticfiles.json").exists()
    connection.close()
    if behind or not collected:
        raise CommandError(
            "This platform is not prepared: run `manage.py prepare`, then serve.", returncode=2
        )
    try:
        announced()
    except KeyUnusable as error:
        raise CommandError(str(error), returncode=2) from error
    finally:
        connection.close()
