"""Collects build/gpu-bundle/: wheels for Python 3.12 of what the lock names, our modules, and the script.

Needs a package index; the machine that runs the bundle needs none. `python -m benchmarks.gpu_bundle.build [FOLDER]`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "gpu-bundle"
LOCK = ROOT / "requirements" / "agent.txt"
PYTHON = "3.12"
PLATFORMS = (
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_17_x86_64",
    "manylinux2014_x86_64",
)
PACKAGES = (
    "anyio",
    "certifi",
    "cffi",
    "cryptography",
    "h11",
    "httpcore",
    "httpx",
    "idna",
    "markdown-it-py",
    "mdurl",
    "msgspec",
    "numpy",
    "nvidia-ml-py",
    "platformdirs",
    "pycparser",
    "pygments",
    "rich",
    "securesystemslib",
    "typing-extensions",
)
"""What the agent imports to measure beside torch and transformers, and what these import in turn."""
MODULES = ("__init__", "check", "markdown", "parts", "sensing", "sensors", "tiny_jobs", "torch_windows")
SIMULATION = (
    "__init__",
    "tiny_models/__init__",
    "tiny_models/pictures",
    "tiny_models/texts",
    "tiny_models/tokens",
)
"""What the jobs' models are built by; `pictures` because the package names it."""
MOST_BYTES = 40_000_000


class TooLarge(Exception):
    """The wheels are larger than what a bundle may be."""


def build(folder: Path = FOLDER) -> int:
    """Make the bundle anew; the bytes of its wheels. Raises TooLarge, CalledProcessError or OSError."""
    if folder.exists():
        shutil.rmtree(folder)
    wheels = folder / "wheels"
    wheels.mkdir(parents=True)
    _download(wheels)
    _own(wheels)
    size = sum(wheel.stat().st_size for wheel in wheels.iterdir())
    if size > MOST_BYTES:
        raise TooLarge(f"The wheels have {size} bytes; a bundle may have {MOST_BYTES}.")
    _modules(folder)
    return size


def locked(lock: str) -> dict[str, str]:
    """Each requirement of a lock with its hashes, by its name."""
    requirements, name = {}, ""
    for line in lock.splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", line):
            name = match.group(1).lower().replace("_", "-")
            requirements[name] = line
        elif name and line.startswith(" ") and "--hash" in line:
            requirements[name] += f"\n{line}"
        else:
            name = ""
    return requirements


def _download(wheels: Path) -> None:
    """The locked versions, as wheels that Python 3.12 takes, with the lock's digests."""
    requirements = locked(LOCK.read_text(encoding="utf-8"))
    missing = [name for name in PACKAGES if name not in requirements]
    lines = [requirements[name] for name in PACKAGES if name in requirements]
    if missing:
        print(f"Not in the lock, and left out: {', '.join(missing)}.")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
        ]
        command += [
            "--require-hashes",
            "--only-binary=:all:",
            "--python-version",
            PYTHON,
            "--implementation",
            "cp",
        ]
        for platform in PLATFORMS:
            command += ["--platform", platform]
        subprocess.run([*command, "--dest", str(wheels), "--requirement", file.name], check=True)


def _own(wheels: Path) -> None:
    """The agent itself."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-index", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT / "agent")]
    subprocess.run(command, check=True)


def _modules(folder: Path) -> None:
    """Our modules under the names that they have here, and the script above them."""
    source, target = Path(__file__).parent, folder / "benchmarks" / "gpu_bundle"
    target.mkdir(parents=True)
    for name in MODULES:
        shutil.copy(source / f"{name}.py", target / f"{name}.py")
    shutil.move(target / "check.py", folder / "check.py")
    (folder / "joulemark_simulation" / "tiny_models").mkdir(parents=True)
    for name in SIMULATION:
        file = Path("joulemark_simulation") / f"{name}.py"
        shutil.copy(ROOT / "simulation" / file, folder / file)
    shutil.copy(ROOT / "LICENSE", folder / "LICENSE")
    shutil.copy(ROOT / "docs" / "hardware" / "README.md", folder / "README.md")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    try:
        total = build(target)
    except (TooLarge, subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"gpu-bundle: {error}")
    print(
        f"{target}: {total / 1e6:.1f} MB of wheels. Copy the folder to the machine, and run `python3 check.py` there."
    )
