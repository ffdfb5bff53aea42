"""Writers, a worker and a sequencer that are killed at random: `python tests/ledger_storm.py FOLDER KILLS SEED`.

Runs in the environment of a prepared platform. Every process is a fork of this one, so that a new one takes its
place at once. Each tells of every step by a byte in a pipe; after a random number of bytes one of them is killed.
What a writer had confirmed lies in FOLDER/confirmed, one result id a line, when this ends.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / part) for part in (".", "platform", "agent")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")

import django

django.setup()

from django.conf import settings
from django.db import connection

from measurements.intake.models import UNJUDGED, Submission
from measurements.intake.services import accept_result
from measurements.ledger import folder, growth, sequencer
from measurements.review import services as review
from tests import made

PROCESSES, THREADS = 4, 8
SEQUENCER, WORKER = PROCESSES, PROCESSES + 1
STEPS_BETWEEN = 120


def write_results(process: int, life: int, confirmed: int, tell: Callable[[], object]) -> None:
    """Eight threads that hand in results for as long as they live."""
    made.ORIGIN = settings.ORIGIN

    def work(thread: int) -> None:
        for number in range(10**6):
            salt = ((process * 1000 + life) * THREADS + thread) * 10**6 + number
            bundle = made.bundle(of=made.trace(windows=1, queries=1, salt=salt))
            submission, _new = accept_result(data=bundle.to_bytes())
            os.write(confirmed, f"{submission.result_id}\n".encode())
            tell()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def sequence_for_ever(tell: Callable[[], object]) -> None:
    """Sequences without a pause and tells of each step."""
    for module, name in (
        (sequencer, "assign_places"),
        (growth, "_extend"),
        (folder, "_write"),
        (sequencer, "root_after"),
        (sequencer, "sign_checkpoint"),
        (sequencer, "publish"),
    ):
        setattr(module, name, _telling(getattr(module, name), tell))
    while True:
        sequencer.sequence()


def judge_for_ever(tell: Callable[[], object]) -> None:
    """Judges what waits, as a worker does, and tells before and after each transaction."""
    review._together = _telling(review._together, tell)
    review._claim = _telling(review._claim, tell)
    while True:
        waiting = Submission.objects.filter(state__in=UNJUDGED).order_by("received_at")
        ids = list(waiting.values_list("result_id", flat=True)[: review.TOGETHER])
        tell()
        review.judge_waiting(result_ids=ids)


def _telling(step: Callable[..., object], tell: Callable[[], object]) -> Callable[..., object]:
    def told(*args: object, **kwargs: object) -> object:
        tell()
        result = step(*args, **kwargs)
        tell()
        return result

    return told


def main(place: Path, kills: int, seed: int) -> None:
    """Let it rage, then end every process."""
    chance = random.Random(seed)  # noqa: S311 - a seeded order of kills
    told, telling = os.pipe()
    confirmed = os.open(place / "confirmed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    connection.close()

    def start(process: int, life: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        try:
            tell = lambda: os.write(telling, b".")  # noqa: E731
            if process == SEQUENCER:
                sequence_for_ever(tell)
            if process == WORKER:
                judge_for_ever(tell)
            write_results(process, life, confirmed, tell)
        finally:
            os._exit(1)

    lives = [start(process, 0) for process in range(PROCESSES + 2)]
    for life in range(1, kills + 1):
        for _step in range(chance.randint(1, STEPS_BETWEEN)):
            os.read(told, 1)
        process = chance.choice([SEQUENCER, WORKER, chance.randrange(PROCESSES)])
        _kill(lives[process])
        lives[process] = start(process, life)
    for pid in lives:
        _kill(pid)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"process {pid} had ended by itself"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
