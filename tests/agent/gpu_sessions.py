"""Sessions of `joulemark` on simulated cards, many a minute: what a law over what a driver may answer asks of."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from joulemark import config
from joulemark.outbox import Outbox, OutboxResult
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

PROGRAM = Path(__file__).with_name("session_server.py")
PROTOCOL = {"idle_s": 3.0, "warmup_s": 0.0}
"""Short, so that an example costs little; the rests between windows are as long as ever."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str
    home: Path

    def answer(self) -> dict[str, Any]:
        """The one JSON document on stdout. Raises ValueError."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    def results(self) -> list[OutboxResult]:
        """What the outbox holds."""
        folders = config.Folders(
            config=self.home / "CONFIG/joulemark",
            state=self.home / "STATE/joulemark",
            cache=self.home / "CACHE/joulemark",
        )
        return list(Outbox(folders).results())


class Sessions:
    """A process that runs commands on simulated cards, one after the other; close it."""

    def __init__(self, scenario: Scenario) -> None:
        """`scenario` is any one: only the place of its driver is taken from it."""
        with running(scenario) as simulation:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=dict(simulation.environment),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def run(
        self,
        home: Path,
        scenario: Scenario,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        protocol: Mapping[str, float] | None = None,
    ) -> Ended:
        """`joulemark ARGUMENTS --json` with its folders under `home`."""
        with running(scenario) as simulation:
            request = {
                "arguments": [*arguments, "--json"],
                "environment": {
                    **simulation.environment,
                    **{f"XDG_{name}_HOME": str(home / name) for name in ("CONFIG", "STATE", "CACHE")},
                    "TMPDIR": str(home),
                    "JOULEMARK_PLATFORM": "http://127.0.0.1:9",
                    **(environment or {}),
                },
                "protocol": {**PROTOCOL, **(protocol or {})},
                "out": str(home / "out"),
                "err": str(home / "err"),
            }
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            code = json.loads(self._process.stdout.readline())["code"]
        return Ended(code, (home / "out").read_text(), (home / "err").read_text(), home)


@contextmanager
def copy_of(home: Path) -> Iterator[Path]:
    """A home of its own that begins as `home` is: with its key and what the probe found."""
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "home"
        shutil.copytree(home, copied)
        yield copied
