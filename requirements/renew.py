"""Renew every lock file from the ranges in both pyproject.toml and requirements/*.in: `make lock`.

With `--keep` (`make lock-add`) what is locked stays as it is, and only what the ranges newly name is added.

One resolution covers everything that is installed for any purpose, so a library has one version in every file; only
environments of their own (`APART`) have others. The resolution is universal: for Linux on x86-64 and arm64, from Python
3.11 on. Files hold versions and SHA-256 digests and no address: where wheels come from is for pip's settings to say.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent
PYTHONS = ("3.11", "3.12", "3.13")
PROCESSORS = {"x86_64": "x86_64-manylinux_2_28", "aarch64": "aarch64-manylinux_2_28"}
AGENT, PLATFORM = "agent/pyproject.toml", "pyproject.toml"

SOURCE_ONLY = ("font-roboto", "jsonpath-rw", "rouge-score", "seqeval")
"""Libraries that are published without wheels; requirements/build.txt has what builds them."""

SOURCES: dict[str, tuple[str, ...]] = {
    "requirements.txt": (AGENT, PLATFORM, "--extra", "run"),
    "requirements/agent.txt": (AGENT, "--extra", "run"),
    "requirements/bench.txt": (AGENT, PLATFORM, "--extra", "run", "--extra", "test", "--extra", "bench"),
    "requirements/build.txt": ("requirements/build.in",),
    "requirements/platform.txt": (AGENT, PLATFORM),
    "requirements/test.txt": (AGENT, PLATFORM, "--extra", "run", "--extra", "test"),
    "requirements/tools.txt": ("requirements/tools.in",),
}  # fmt: skip
"""What each file locks, as arguments for uv. None of them has torch, whose builds have files of their own."""

APART = {"requirements/validators.txt": ("requirements/validators.in",)}
"""The same of environments of their own, which share no version with the others."""

NOT_LOCKED = "joulemark\njoulemark-platform\ntorch\n"
GPU_LIBRARIES = re.compile(r"^(nvidia-|cuda-|triton)")
HEADING = "# Written by `make lock`. Versions and SHA-256 digests of what is installed; requirements/ has the ranges.\n"
CPU_HEADING = """\
# torch for the processor, and what it needs. A wheel that no machine could see at a renewal has no digest; there
# requirements/install_torch.py installs the general build. Without a digest: {missing}.
"""
CPU_WHEEL = re.compile(
    r"torch==(?P<version>[0-9.]+)\+cpu ; .*python_full_version >= '(?P<python>[0-9.]+)' and "
    r"platform_machine == '(?P<processor>\w+)'.*\n    --hash=sha256:(?P<digest>[0-9a-f]{64})"
)


def compile_lock(
    arguments: tuple[str, ...], *, constraints: Path | None, excluded: Path, no_deps: bool = False
) -> str:
    """Return the text of a lock with hashes. Ends the program where uv finds no resolution."""
    command = [
        sys.executable, "-m", "uv", "pip", "compile", *arguments, "--quiet", "--universal",
        "--python-version", PYTHONS[0],
        "--fork-strategy", "fewest", "--generate-hashes", "--no-annotate", "--no-header", "--no-emit-index-url",
        "--no-emit-find-links", "--excludes", str(excluded),
    ]  # fmt: skip
    if constraints is not None:
        command += ["--constraints", str(constraints)]
    if no_deps:
        command += ["--no-deps"]
    lock = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return HEADING + lock


def locked_versions() -> str:
    """Return what is locked now, to constrain a resolution by."""
    files = (
        "requirements/bench.txt",
        "requirements/build.txt",
        "requirements/tools.txt",
        "requirements/torch-gpu.txt",
    )
    return "\n".join(versions_of((ROOT / file).read_text(encoding="utf-8")) for file in files)


def versions_of(lock: str) -> str:
    """Return a lock without its hashes, to constrain others by."""
    return "\n".join(
        line.rstrip(" \\") for line in lock.splitlines() if not line.lstrip().startswith(("--", "#"))
    )


def cpu_wheels(version: str, folder: Path, known: str) -> dict[tuple[str, str], str]:
    """Return the digest of each wheel `VERSION+cpu` of torch that pip finds, by (Python, processor).

    Those that the lock `known` has of the same version stay: another machine may have seen what this one cannot.
    """
    digests = {
        (wheel["python"], wheel["processor"]): wheel["digest"]
        for wheel in CPU_WHEEL.finditer(known)
        if wheel["version"] == version
    }
    for python in PYTHONS:
        for processor in PROCESSORS:
            at = folder / f"{python}-{processor}"
            command = [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                "--python-version", python, "--platform", f"manylinux_2_28_{processor}", "--dest", str(at),
                f"torch=={version}+cpu",
            ]  # fmt: skip
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                wheel = next(at.glob("torch-*.whl"))
                digests[python, processor] = hashlib.sha256(wheel.read_bytes()).hexdigest()
                wheel.unlink()
    return digests


def processor_lock(general: str, digests: dict[tuple[str, str], str], version: str) -> str:
    """Return the lock of torch for the processor: its small dependencies, and the wheels that were seen."""
    entries = re.split(r"(?m)^(?=[a-z0-9])", general)[1:]
    small = [entry for entry in entries if not GPU_LIBRARIES.match(entry) and not entry.startswith("torch==")]
    wheels = [
        f"torch=={version}+cpu ; python_full_version < '{_next(python)}' and python_full_version >= '{python}' and "
        f"platform_machine == '{processor}' and sys_platform == 'linux' \\\n    --hash=sha256:{digest}\n"
        for (python, processor), digest in sorted(digests.items())
    ]
    missing = [f"Python {python} on {processor}" for python, processor in unseen(digests)]
    heading = CPU_HEADING.format(missing=", ".join(missing) or "none")
    return HEADING + heading + "".join(small) + "".join(wheels)


def unseen(digests: dict[tuple[str, str], str]) -> list[tuple[str, str]]:
    """Return the Pythons and processors whose wheel of torch has no digest."""
    return [wheel for wheel in product(PYTHONS, PROCESSORS) if wheel not in digests]


def _next(python: str) -> str:
    major, minor = python.split(".")
    return f"{major}.{int(minor) + 1}"


def check_wheels(file: Path) -> None:
    """Raises CalledProcessError where a locked release has no wheel for one of the Pythons and processors."""
    for python in PYTHONS:
        for platform in PROCESSORS.values():
            with tempfile.TemporaryDirectory() as target:
                subprocess.run(
                    [
                        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--dry-run", "--target", target,
                        "--python-version", python, "--python-platform", platform, "--only-binary", ":all:",
                        *(word for name in SOURCE_ONLY for word in ("--no-binary", name)),
                        "--no-deps", "--require-hashes", "--requirements", str(file),
                    ],
                    check=True,
                )  # fmt: skip


def torch_locks(folder: Path, *, versions: Path, excluded: Path) -> tuple[dict[str, str], str]:
    """Return the locks of torch, and a line for each of its wheels that was not to be seen."""
    general = compile_lock(("requirements/torch.in",), constraints=versions, excluded=excluded)
    torch = re.search(r"(?m)^torch==([0-9.]+)", general)
    assert torch is not None
    processor_file = ROOT / "requirements/torch-cpu.txt"
    known = processor_file.read_text(encoding="utf-8") if processor_file.exists() else ""
    digests = cpu_wheels(torch[1], folder, known)
    locks = {
        "requirements/torch-gpu.txt": general,
        "requirements/torch-cpu.txt": processor_lock(general, digests, torch[1]),
    }
    lines = [
        f"No wheel torch {torch[1]}+cpu for Python {python} on {processor} was to be seen."
        for python, processor in unseen(digests)
    ]
    return locks, "\n".join(lines)


def main(*, keep: bool) -> None:
    """Write every lock file, and name the wheels of torch that were not to be seen.

    `keep`: nothing that is locked moves, and the locks of torch and of the demo stay as they are.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        excluded, none, versions = folder / "excluded.txt", folder / "none.txt", folder / "versions.txt"
        excluded.write_text(NOT_LOCKED, encoding="utf-8")
        none.write_text("", encoding="utf-8")
        versions.write_text(locked_versions() if keep else "", encoding="utf-8")
        whole = compile_lock(
            (
                *SOURCES["requirements/bench.txt"],
                "requirements/build.in",
                "requirements/tools.in",
                "requirements/torch.in",
            ),
            constraints=versions,
            excluded=excluded,
        )
        versions.write_text(versions_of(whole), encoding="utf-8")
        locks = {
            file: compile_lock(arguments, constraints=versions, excluded=excluded)
            for file, arguments in SOURCES.items()
        }
        for file, arguments in APART.items():
            if keep and (ROOT / file).exists():
                versions.write_text(versions_of((ROOT / file).read_text(encoding="utf-8")), encoding="utf-8")
            else:
                versions.write_text("", encoding="utf-8")
            locks[file] = compile_lock(arguments, constraints=versions, excluded=none)
        checked, unseen_wheels = (
            ["requirements/bench.txt", "requirements/build.txt", "requirements.txt", *APART],
            "",
        )
        if not keep:
            locks["requirements-demo.txt"] = compile_lock(
                ("requirements/demo.in",), constraints=None, excluded=none, no_deps=True
            )
            of_torch, unseen_wheels = torch_locks(folder, versions=versions, excluded=none)
            locks |= of_torch
            checked += ["requirements/torch-gpu.txt", "requirements-demo.txt"]
        for file, text in locks.items():
            (ROOT / file).write_text(text, encoding="utf-8")
            print(f"{file}: {len(re.findall('(?m)^[a-z0-9]', text))} distributions")
        for file in checked:
            check_wheels(ROOT / file)
    print(unseen_wheels, end="\n" if unseen_wheels else "")


if __name__ == "__main__":
    main(keep="--keep" in sys.argv[1:])
