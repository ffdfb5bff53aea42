"""`manage.py demo`: see the whole chain on this machine; with --check, assert what arrived and end."""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from joulemark_site.demo import ROOT, Demo, DemoFailed
from joulemark_site.demo_check import check

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells give it: 128 + SIGINT."""


class Command(BaseCommand):
    """Serve, enrol, run the demo suite, upload, show where to look."""

    help = "Measure the demo suite on this machine and show it on a platform at 127.0.0.1."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where, and whether to end by itself."""
        parser.add_argument("--port", type=int, default=8000, help="port on 127.0.0.1 (default: %(default)s)")
        parser.add_argument(
            "--folder", type=Path, help="where platform and agent keep their files (default: .demo)"
        )
        parser.add_argument(
            "--check", action="store_true", help="start afresh, check what arrived, print one line and end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the story; a step that fails ends it with a sentence."""
        folder = options["folder"] or ROOT / ("build/demo-check" if options["check"] else ".demo")
        demo = Demo(folder=folder.resolve(), origin=f"http://127.0.0.1:{options['port']}")
        try:
            demo.require_free_port()
            if options["check"] and demo.folder.exists():
                shutil.rmtree(demo.folder)
            demo.manage("prepare")
            with demo.serving() as server:
                self._measure(demo)
                if options["check"]:
                    self.stdout.write(str(check(demo)))
                else:
                    self._show_receipts(demo)
                    self._keep_serving(demo, server)
        except DemoFailed as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            then = (
                "Run it again to start afresh."
                if options["check"]
                else "Run it again to resume: what is finished is kept."
            )
            self.stderr.write(f"\nInterrupted. {then}")
            sys.exit(INTERRUPTED)

    def _measure(self, demo: Demo) -> None:
        demo.agent("enrol", "--name", "Demo")
        demo.agent("run", "--suite", "demo")
        demo.agent("status")

    def _show_receipts(self, demo: Demo) -> None:
        self.stdout.write("\nReceipts, signed by the platform:")
        for receipt in demo.receipts():
            place = "no proof yet" if receipt["index"] is None else f"leaf {receipt['index']:<4}"
            self.stdout.write(f"  {receipt['result_id'][:16]}  {place} received at {receipt['received_at']}")

    def _keep_serving(self, demo: Demo, server: subprocess.Popen[bytes]) -> None:
        pages = {
            "Boards": "/boards/",
            "General-purpose versus task-specific models": "/compare/",
            "Every result, with its evidence": "/results/",
            "The API": "/api/",
        }
        self.stdout.write("\nLook at:")
        for title, path in pages.items():
            self.stdout.write(f"  {demo.origin}{path:<14} {title}")
        self.stdout.write("Serving until Ctrl-C. Results and receipts stay in the folder " + str(demo.folder))
        try:
            server.wait()
        except KeyboardInterrupt:
            self.stdout.write("\nStopped.")
