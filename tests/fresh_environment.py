"""The agent as a volunteer gets it: built by hatchling as `make dist` does, installed into an environment of its own.

The libraries come from the environment of the tests, because a test asks no package index; of the agent there is in the
new environment what the wheel has, and nothing of this tree.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

from tests.processes import ROOT

EPOCH = "1767225600"


@dataclass(frozen=True)
class Distributions:
    """A wheel and a source distribution."""

    wheel: Path
    source: Path


def build_distributions(project: Path, folder: Path, *, epoch: str = EPOCH) -> Distributions:
    """Build both of the project in `project` into `folder`, with the builder that the lock has."""
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    subprocess.run(command, cwd=project, env=environment, check=True, capture_output=True)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Distributions(wheel=wheel, source=source)


@dataclass(frozen=True)
class FreshEnvironment:
    """An environment whose commands see no other copy of the agent; `home` has its settings, results and caches."""

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def variables(self) -> dict[str, str]:
        """What its commands are started with: nothing of Python's or of the project's from outside."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "JOULEMARK_", "VIRTUAL_ENV", "PIP_", "XDG_"))
        }
        return inherited | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(self.home),  # a measurement beside this test holds another lock
            "PIP_NO_INDEX": "1",
            "PIP_NO_DEPS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **{f"XDG_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
        }

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in `home`; whatever it exits with."""
        return subprocess.run(
            command, cwd=self.home, env=self.variables | more, capture_output=True, text=True, check=False
        )

    def install(self, wheel: Path) -> None:
        """Install a wheel, without its dependencies."""
        installed = self.run(
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.python),
            "install",
            "--quiet",
            "--no-compile",
            str(wheel),
        )
        assert installed.returncode == 0, installed.stderr


def make_environment(folder: Path) -> FreshEnvironment:
    """An environment without the agent in `folder`, with pip and the libraries of the tests' environment."""
    fresh = FreshEnvironment(folder=folder / "venv", home=folder / "home")
    fresh.home.mkdir(parents=True)
    venv.create(fresh.folder, with_pip=False, symlinks=True)
    question = [str(fresh.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = subprocess.run(question, check=True, capture_output=True, text=True).stdout.strip()
    # a folder named in a .pth file is searched after the environment's own, and its own .pth files, of which one leads
    # to this tree, are not read
    (Path(site) / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    assert fresh.run(str(fresh.python), "-c", "import joulemark").returncode != 0, "the tree leaks in"
    assert ROOT not in fresh.folder.parents
    return fresh
