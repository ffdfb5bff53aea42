"""Builds the simulated NVML once for each version of its source, with the machine's own C compiler."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("nvml_sim.c")
BUILDS = Path(__file__).parents[3] / "build" / "nvml-sim"
LIBRARY = "libnvidia-ml.so.1"
FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-fvisibility=hidden")
LIBRARIES = ("-lm", "-lpthread")


class NoLibrary(Exception):
    """The simulated NVML could not be built; says what to do."""


def compiler() -> tuple[str, ...]:
    """The command of a C compiler: `CC`, else the first of cc, gcc and clang. Raises NoLibrary without one."""
    if os.environ.get("CC"):
        return tuple(shlex.split(os.environ["CC"]))
    command = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if command is None:
        raise NoLibrary("No C compiler: the simulated NVML needs one. Install gcc or clang, or set CC.")
    return (command,)


def library_folder(*, builds: Path = BUILDS) -> Path:
    """The folder that holds `libnvidia-ml.so.1`, built when it is not there yet. Raises NoLibrary.

    The folder is named for the source and the flags; the library appears in one rename, so that test
    processes that build at the same time cannot see half a file.
    """
    key = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS + LIBRARIES).encode()).hexdigest()[:16]
    folder = builds / key
    if not (folder / LIBRARY).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _compile(Path(scratch) / LIBRARY)
            (Path(scratch) / LIBRARY).replace(folder / LIBRARY)
    return folder


def _compile(target: Path) -> None:
    command = [*compiler(), *FLAGS, "-o", str(target), str(SOURCE), *LIBRARIES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoLibrary(f"The C compiler {command[0]} could not be started: {error}.") from error
    if done.returncode:
        raise NoLibrary(f"The simulated NVML does not compile:\n{shlex.join(command)}\n{done.stderr}")
