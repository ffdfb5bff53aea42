"""The command of tests/agent/run_on_gpu.py on a machine whose names are those in JOULEMARK_TEST_NAMES (JSON)."""

import getpass
import json
import os
import platform
import runpy
import socket
import sys
from collections.abc import Callable
from pathlib import Path

NAMES = json.loads(os.environ["JOULEMARK_TEST_NAMES"])
PROGRAM = Path(__file__).parents[1] / "agent" / "run_on_gpu.py"
uname = os.uname


def named(of: Callable[[], os.uname_result]) -> Callable[[], os.uname_result]:
    """The same machine under another name."""
    return lambda: os.uname_result((of()[0], NAMES["host"], *of()[2:]))


def host_name(name: str = "") -> str:
    """The machine's, whatever is asked."""
    return str(NAMES["host"])


if __name__ == "__main__":
    os.uname = named(uname)
    socket.gethostname = socket.getfqdn = platform.node = host_name
    getpass.getuser = os.getlogin = lambda: NAMES["user"]
    sys.argv[0] = str(PROGRAM)
    runpy.run_path(str(PROGRAM), run_name="__main__")
