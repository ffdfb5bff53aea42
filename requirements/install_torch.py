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
]
PROCESSOR_ONLY = "+cpu"
"""How the version of a build for the processor ends. To pip it fits the lock of the general build, `torch==2.13.0`."""
NOTICE = """\
No build of torch for the processor that the lock knows can be had from the package sources of this machine for this
Python and processor. Installing the general build instead; with its GPU libraries it takes about 6 GB. To avoid that,
name PyTorch's index of processor builds to pip (PIP_EXTRA_INDEX_URL), remove the environment and start again."""


def install(lock: str, *options: str) -> int:
    """Install what the lock file names, where its markers fit; return pip's exit code."""
    return subprocess.run(
        [*PIP, *options, "--require-hashes", "--requirement", str(FOLDER / lock)], check=False
    ).returncode


def installed_version() -> str | None:
    """Return torch's version in this environment; asked anew, because pip ran in a process of its own."""
    try:
        return version("torch")
    except PackageNotFoundError:
        return None


def main(build: str) -> int:
    """Install the build called `cpu` or `gpu`; return pip's exit code."""
    if build not in {"cpu", "gpu"}:
        print(f"TORCH is {build!r}. Choose cpu or gpu.", file=sys.stderr)
        return 2
    if build == "cpu":
        code = install("torch-cpu.txt")
        if code == 0 and installed_version() is not None:
            return 0
        print(NOTICE, file=sys.stderr)
    if (installed_version() or "").endswith(PROCESSOR_ONLY):
        return install("torch-gpu.txt", "--force-reinstall")
    return install("torch-gpu.txt")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "cpu"))
