"""Install torch from its lock: for the processor, or the general build with its GPU libraries.

`python requirements/install_torch.py cpu|gpu` installs into the environment that runs it. A build for the processor is
not in every package index. Where pip sees none that the lock knows, the general build takes its place, and the program
says so.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).parent
PIP = [
    sys.executable,
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--require-hashes",
]
NOTICE = """\
No build of torch for the processor that the lock knows can be had from the package sources of this machine for this
Python and processor. Installing the general build instead; with its GPU libraries it takes about 6 GB. To avoid that,
name PyTorch's index of processor builds to pip (PIP_EXTRA_INDEX_URL), remove the environment and start again."""


def install(lock: str) -> int:
    """Install what the lock file names, where its markers fit; return pip's exit code."""
    return subprocess.run(
        [*PIP, "--require-hashes", "--requirement", str(FOLDER / lock)], check=False
    ).returncode


def is_installed(name: str) -> bool:
    """Return whether the environment has the distribution; asked anew, because pip ran in a process of its own."""
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def main(build: str) -> int:
    """Install the build called `cpu` or `gpu`; return pip's exit code."""
    if build not in {"cpu", "gpu"}:
        print(f"TORCH is {build!r}. Choose cpu or gpu.", file=sys.stderr)
        return 2
    if build == "cpu":
        code = install("torch-cpu.txt")
        if code == 0 and is_installed("torch"):
            return 0
        print(NOTICE, file=sys.stderr)
    return install("torch-gpu.txt")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "cpu"))
