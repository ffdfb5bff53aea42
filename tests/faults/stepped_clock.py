"""A wall clock that can be stepped for some processes: a few lines of C before the C library's own functions.

libfaketime, the library for this, does not know the absolute sleeps of Python's time.sleep (clock_nanosleep) and lets
them fail.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


class SteppedClock:
    """The clock of all processes that are started with its `environment`."""

    def __init__(self, folder: Path) -> None:
        """Raises SystemExit without a C compiler."""
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise SystemExit("No C compiler was found: install one (Debian: apt-get install gcc libc6-dev).")
        self._library, self._file = folder / "stepped_clock.so", folder / "clock"
        options = ["-O2", "-shared", "-fPIC", "-o", str(self._library), str(SOURCE)]
        subprocess.run([compiler, *options], check=True)
        self._file.write_bytes(struct.pack("=q", 0))

    @property
    def environment(self) -> dict[str, str]:
        """What a process is started with."""
        return {"LD_PRELOAD": str(self._library), "STEPPED_CLOCK": str(self._file)}

    def step(self, seconds: int) -> None:
        """Have them go so much before this machine's clock, or behind it where it is negative."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))
