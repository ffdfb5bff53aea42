"""The first messages of a process may come on several threads at once, as they do to a web server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from joulemark_simulation import records

PROGRAM = """
import sys, threading
sys.setswitchinterval(1e-6)
from joulemark.record.codec import decode
from joulemark.record.statement import Statement
from joulemark.suite import load_suite
payload, ready, done = open(sys.argv[1], "rb").read(), threading.Barrier(8), []

def first(number):
    ready.wait()
    done.append(load_suite("demo") if number % 4 == 0 else decode(payload, Statement, what="statement"))

threads = [threading.Thread(target=first, args=(number,)) for number in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit(0 if len(done) == 8 else 1)
"""


def test_decoding_begins_safely_on_several_threads(tmp_path: Path) -> None:
    payload = tmp_path / "payload.json"
    payload.write_bytes(records.bundle().envelope.payload)
    command = [sys.executable, "-c", PROGRAM, str(payload)]
    agent = Path(__file__).parents[2] / "agent"
    codes = [
        subprocess.run(command, env={"PYTHONPATH": str(agent)}, check=False).returncode for _ in range(8)
    ]
    assert codes == [0] * 8
