"""The whole chain on one machine: serve, enrol, measure, sign, upload, judge. Used by `manage.py demo`.

Everything runs as the processes that a stranger would run, and lives in one folder that can be removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from joulemark.record import keys
from joulemark.record.errors import RecordError

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0


class DemoFailed(Exception):
    """A step did not do what it should; the sentence says which and what to do."""


@dataclass(frozen=True)
class Demo:
    """Where the demo runs: its folder, and the origin of its platform."""

    folder: Path
    origin: str

    def environment(self) -> dict[str, str]:
        """An embedded platform and an agent of their own: nothing of the user's is read or written."""
        hidden = {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "JOULEMARK_PLATFORM_KEY_FILE"}
        inherited = {name: value for name, value in os.environ.items() if name not in hidden}
        return {
            **inherited,
            "JOULEMARK_DATA_DIR": str(self.folder / "platform"),
            "JOULEMARK_ORIGIN": self.origin,
            "JOULEMARK_PLATFORM": self.origin,
            "JOULEMARK_LOG_LEVEL": "WARNING",
            "XDG_CONFIG_HOME": str(self.folder / "agent" / "config"),
            "XDG_STATE_HOME": str(self.folder / "agent" / "state"),
            "XDG_CACHE_HOME": str(self.folder / "agent" / "cache"),
            "HF_HUB_OFFLINE": "1",
            "CUDA_VISIBLE_DEVICES": "",  # the demo's jobs are sized for a processor, and so is its torch
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "platform", "agent")),
        }

    def manage(self, *words: str) -> None:
        """One manage.py command. Raises DemoFailed."""
        self._run([sys.executable, str(ROOT / "manage.py"), *words])

    def agent(self, *words: str) -> None:
        """One `joulemark` command, its output on the terminal. Raises DemoFailed."""
        self._run([*agent_command(), *words])

    def agent_json(self, *words: str) -> dict[str, Any]:
        """One `joulemark` command with --json, its answer decoded. Raises DemoFailed."""
        answer: dict[str, Any] = json.loads(self._run([*agent_command(), *words, "--json"], capture=True))
        return answer

    def get(self, path: str) -> bytes:
        """The body at an address of the platform. Raises DemoFailed."""
        try:
            with urlopen(self.origin + path, timeout=30) as answer:  # noqa: S310 - our own origin, http
                body: bytes = answer.read()
                return body
        except (OSError, HTTPException) as error:  # URLError is an OSError
            raise DemoFailed(f"GET {path} failed: {error}") from error

    @contextlib.contextmanager
    def serving(self) -> Iterator[subprocess.Popen[bytes]]:
        """The platform, from its first answer on, until the block ends. Raises DemoFailed."""
        bind = urlsplit(self.origin).netloc
        command = [sys.executable, str(ROOT / "manage.py"), "serve", "--bind", bind]
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "platform.log").open("ab") as log:
            server = subprocess.Popen(  # noqa: S603 - our own program
                command, env=self.environment(), stdout=log, stderr=log, process_group=0
            )
        try:
            self._wait_for(server)
            yield server
        finally:
            server.terminate()
            server.wait()

    def receipts(self) -> list[dict[str, Any]]:
        """The facts of the receipt in each stored result, once `joulemark verify` has checked it; in order.

        Each has `result_id`, `received_at`, the platform's `public_key`, and `index` in the log, None without a proof.
        Raises DemoFailed.
        """
        files = [row["file"] for row in self.agent_json("show")["results"] if row["state"] == "sent"]
        checked = [self.agent_json("verify", file) for file in files]
        receipts: list[dict[str, Any]] = [
            {
                "result_id": answer["result_id"],
                **answer["receipt"],
                "index": (answer["log"] or {}).get("index"),
            }
            for answer in checked
        ]
        return sorted(receipts, key=lambda receipt: receipt["received_at"])

    def require_free_port(self) -> None:
        """Raises DemoFailed when the port cannot be had, such as when a server of somebody else is there."""
        parts = urlsplit(self.origin)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
            try:
                probe.bind((parts.hostname, parts.port))
            except (OSError, OverflowError) as error:
                raise DemoFailed(
                    f"Port {parts.port} on {parts.hostname} cannot be used ({error}). Choose another with --port."
                ) from error

    def _is_ours(self, answer: bytes) -> bool:
        """Whether the platform that answered shows the key in the demo's own folder."""
        try:
            ours = keys.public_hex(
                keys.from_pem((self.folder / "platform" / "platform-key.pem").read_bytes())
            )
            platform_key = json.loads(answer)
        except (FileNotFoundError, RecordError, ValueError):
            return False
        return isinstance(platform_key, dict) and platform_key.get("public_key") == ours

    def _wait_for(self, server: subprocess.Popen[bytes]) -> None:
        waited_s, step_s = 0.0, 0.1
        while waited_s < START_LIMIT_S:
            with contextlib.suppress(subprocess.TimeoutExpired):
                raise DemoFailed(
                    f"The platform ended with status {server.wait(timeout=step_s)}. Is the port in use? Choose another "
                    f"with --port. Its last words are in {self.folder / 'platform.log'}."
                )
            waited_s += step_s
            try:
                answer = self.get("/api/v1/platform")
            except DemoFailed:
                continue  # it does not listen yet
            if not self._is_ours(answer):
                raise DemoFailed(
                    f"Another server answers at {self.origin}, not the demo's own platform. "
                    "Choose another port with --port."
                )
            return
        raise DemoFailed(f"The platform did not answer within {START_LIMIT_S:.0f} s.")

    def _run(self, command: list[str], *, capture: bool = False) -> bytes:
        pipe = subprocess.PIPE if capture else None
        with subprocess.Popen(  # noqa: S603 - our own programs
            command, env=self.environment(), stdout=pipe, stderr=pipe
        ) as process:
            try:
                out, stderr = process.communicate()
            except KeyboardInterrupt:  # the terminal interrupted the command too: let it end in its own way
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=STOP_LIMIT_S)
                process.terminate()
                raise
        if process.returncode != 0:
            words = " ".join(Path(word).name for word in command)
            why = stderr.decode(errors="replace") if capture else ""
            raise DemoFailed(f"`{words}` ended with status {process.returncode}. {why}".strip())
        return out or b""


def agent_command() -> list[str]:
    """The `joulemark` command beside this interpreter. Raises DemoFailed when the agent is not installed there."""
    path = Path(sys.executable).parent / "joulemark"
    if not path.exists():
        raise DemoFailed("The command `joulemark` is not installed here: run `make demo`")
    return [str(path)]
