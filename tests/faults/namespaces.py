"""Namespaces of its own for a run: what it mounts, where it listens and what it starts go with its first process.

Mounts make small disks that can be full, the network has only a loopback with every port free, and whatever is started
ends with the run, even one that is killed. Without root a user namespace gives the same.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

MARK = "JOULEMARK_FAULTS_INSIDE"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)


def enter(module: str, arguments: Sequence[str]) -> None:
    """Return inside of them: the first call becomes a new process of `module`, the second one is in that.

    Raises SystemExit where util-linux is missing or the kernel does not allow it.
    """
    if os.environ.get(MARK):
        signal.signal(
            signal.SIGTERM, _end
        )  # the first process of a namespace is not ended by what it does not handle
        _bring_loopback_up()
        return
    unshare = shutil.which("unshare")
    if unshare is None:
        raise SystemExit("`unshare` was not found: install `util-linux` (2.36 or newer).")
    words = [unshare, "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"]
    if os.geteuid():
        words += ["--user", "--map-root-user"]
    os.execve(unshare, [*words, sys.executable, "-m", module, *arguments], {**os.environ, MARK: "1"})  # noqa: S606 - our own interpreter


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(control, SIOCGIFFLAGS, request))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
