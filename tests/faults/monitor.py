"""What a monitor sees all the time: the words of health from inside and from outside, and the log's checkpoint."""

from __future__ import annotations

import json
import ssl
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from joulemark.log.checkpoints import log_name, open_checkpoint
from joulemark.log.notes import VerifierKey

if TYPE_CHECKING:
    from joulemark.log.checkpoints import Checkpoint
    from joulemark.record.messages import PlatformKey

LOOK_EVERY_S = 0.4
ANSWER_WITHIN_S = 3.0
NO_ANSWER = "no answer"


@dataclass(frozen=True)
class Look:
    """One look at both: when it began, and the words of what is unwell; empty while all is well."""

    at_s: float
    words: tuple[str, ...]


class Monitor:
    """Two threads that look until `close`."""

    def __init__(self, origin: str, inside: str, key: PlatformKey, *, cafile: str) -> None:
        """`origin`: the public address; `inside`: that of the web server, behind the proxy."""
        self._origin, self._inside, self._key, self._cafile = origin, inside, key, cafile
        self.looks: list[Look] = []
        self.notes: list[str] = []
        """Every checkpoint that was seen, each once in a row."""
        self.faults: list[str] = []
        """What was wrong about a checkpoint."""
        self._is_over = threading.Event()
        self._size = 0
        self._threads = [
            threading.Thread(target=self._repeat, args=(look,), daemon=True)
            for look in (self._look_at_health, self._look_at_checkpoint)
        ]
        for thread in self._threads:
            thread.start()

    def words_since(self, at_s: float) -> list[str]:
        """What was unwell in the looks that began after this time of the monotonic clock, each once."""
        return list(dict.fromkeys(word for look in self.looks if look.at_s >= at_s for word in look.words))

    def is_well_since(self, at_s: float) -> bool:
        """Whether the latest look began after this time and found all well."""
        return bool(self.looks) and self.looks[-1].at_s >= at_s and not self.looks[-1].words

    def close(self) -> None:
        """Look no more."""
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, look: object) -> None:
        context = ssl.create_default_context(cafile=self._cafile)
        with httpx.Client(verify=context, timeout=ANSWER_WITHIN_S, trust_env=False) as client:
            while not self._is_over.wait(LOOK_EVERY_S):
                assert callable(look)
                look(client)

    def _look_at_health(self, client: httpx.Client) -> None:
        at_s = time.monotonic()
        ready = _words_of(client, f"{self._inside}/readyz", "readyz")
        health = _words_of(client, f"{self._origin}/api/v1/health", "health")
        self.looks.append(Look(at_s, (*ready, *health)))

    def _look_at_checkpoint(self, client: httpx.Client) -> None:
        try:
            answer = client.get(f"{self._origin}/log/checkpoint")
        except httpx.HTTPError:
            return
        if answer.status_code >= 500 or (answer.status_code == 404 and not self.notes):
            return
        if answer.status_code != 200:
            self.faults.append(f"the checkpoint's address answers {answer.status_code}")
        elif not self.notes or self.notes[-1] != answer.text:
            self._take(answer.text)

    def _take(self, note: str) -> None:
        try:
            checkpoint = opened(note, self._key)
        except Exception as error:  # noqa: BLE001 - whatever a note that is none raises is the finding
            self.faults.append(f"{type(error).__name__}: {error}: {note!r}")
            return
        if checkpoint.size < self._size:
            self.faults.append(f"the log shrank from {self._size} to {checkpoint.size} leaves")
        self._size = max(self._size, checkpoint.size)
        self.notes.append(note)


def opened(note: str, key: PlatformKey) -> Checkpoint:
    """The checkpoint in a note, once its signature fits."""
    return open_checkpoint(note, key=VerifierKey.parse(str(key.log_key)), origin=log_name(key.origin))


def _words_of(client: httpx.Client, address: str, name: str) -> tuple[str, ...]:
    try:
        answer = client.get(address)
    except httpx.HTTPError:
        return (f"{name}: {NO_ANSWER}",)
    if answer.status_code == 200:
        return ()
    try:
        body = json.loads(answer.content)
    except ValueError:
        return (f"{name}: HTTP {answer.status_code}",)
    return tuple(f"{name}: {word}" for word in _ailing(body)) or (f"{name}: HTTP {answer.status_code}",)


def _ailing(body: dict[str, object]) -> list[str]:
    """The names of what is not well in the JSON of either address, or the code of a problem document."""
    checks, waiting, log = (body.get(name) for name in ("checks", "waiting", "log"))
    words = [name for name, outcome in checks.items() if outcome != "ok"] if isinstance(checks, dict) else []
    if not words and isinstance(waiting, dict):
        words += [f"{name} waits" for name, wait in waiting.items() if wait.get("alarm")]
    if not words and isinstance(log, dict) and log.get("broken"):
        words.append("log broken")
    code = body.get("code")
    return [*words, code] if isinstance(code, str) else words
