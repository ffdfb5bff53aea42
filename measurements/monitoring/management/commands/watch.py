"""`manage.py watch`: the process that looks at the platform's health and calls somebody when it must."""

from __future__ import annotations

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from measurements.monitoring.watch import Watch

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """Look every `JOULEMARK_WATCH_EVERY_S` seconds until interrupted."""

    help = "Look at the platform's health again and again; send mail, webhook and ping. Exactly one for a platform."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Option of a single look."""
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Go on whatever a round raises: there is nobody to start it again."""
        watch, stop = Watch(), threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while True:
            try:
                close_old_connections()
                watch.round()
            # whatever failed is written down; a watch that ended would call nobody any more
            except Exception:
                logger.exception("JM-ROUND-FAILED a round of the watch failed; the next one comes")
                if options["once"]:
                    raise
            if options["once"] or stop.wait(settings.WATCH_EVERY_S):
                return
