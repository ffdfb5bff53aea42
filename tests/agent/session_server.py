"""Runs many `joulemark` commands on simulated cards, each in a fork of this process: a line of JSON in, one out.

Started in a simulation's environment, so that the loader finds the simulated driver; each request names the scenario,
the clock and the rest of its environment. A fork costs milliseconds where a new interpreter costs half a second.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "simulation")]

import httpx  # noqa: F401 - loaded once, for every fork
import pynvml  # noqa: F401
import rich.console
import rich.live
import rich.progress  # noqa: F401

import joulemark.session.run as runs
from joulemark.cli import main
from joulemark.session.job_runner import JobRunner
from tests.agent import run_on_gpu

TIME_LIMIT_S = 60


def serve() -> None:
    """Answer until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if not child:
            _run(request)
        _, status = os.waitpid(child, 0)
        print(json.dumps({"code": os.waitstatus_to_exitcode(status)}), flush=True)


def measure_nothing(chosen: Path) -> None:
    """A run that ends before its first job, and writes down which device it would have measured: its UUID, or `cpu`."""

    def write_device(work: JobRunner, *_: object) -> None:
        card = getattr(getattr(work.around.meter, "gpu", None), "card", None)
        uuid = "cpu" if card is None else card.gpu.uuid
        shown = os.environ.get("CUDA_VISIBLE_DEVICES")
        assert work.device == ("cpu" if card is None else "cuda")
        assert card is None or shown == uuid, "CUDA is shown the card whose energy is read, and no other"
        chosen.write_text(uuid)

    vars(runs).update(preflight=lambda *_, **__: ())
    JobRunner.run_jobs = write_device  # type: ignore[method-assign, assignment]  # takes what it needs of the rest


def _run(request: dict[str, Any]) -> None:
    """One command, and the end of this fork."""
    import signal

    signal.alarm(TIME_LIMIT_S)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(request[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(request["environment"])
    code = 1
    try:
        run_on_gpu.install(**request["protocol"])
        if chosen := os.environ.get("JOULEMARK_TEST_NO_WORK"):
            measure_nothing(Path(chosen))
        code = main(request["arguments"])
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 - what the interpreter would do
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
