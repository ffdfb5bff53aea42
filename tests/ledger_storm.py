"""Writers, a worker and a sequencer that are killed at random: `python tests/ledger_storm.py FOLDER KILLS SEED`.

Runs in the environment of a prepared platform. Every process is a fork of this one, so that a new one takes its
place at once. Each tells of every step in a pipe; one of them is killed once it has gone a random number of
steps, so that a machine on which a worker is slow kills it in the middle of its work as one does on which it is fast.
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
from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / part) for part in (".", "platform", "agent", "simulation")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")

import django

django.setup()

from django.conf import settings
from django.db import connection

from joulemark_simulation import records
from measurements.intake import batches
from measurements.intake.models import UNJUDGED, Submission
from measurements.ledger import sequencer, tile_store, tile_writer
from measurements.review import services as review
from measurements.review.judging_batches import BATCH_SIZE

PROCESSES, THREADS = 4, 8
SEQUENCER, WORKER = PROCESSES, PROCESSES + 1
STEPS = {SEQUENCER: 24, WORKER: 15}
"""Steps of a life before it is killed, at most: two to three rounds of its work. A writer's steps are results and
groups of them, before and after they are written."""
STEPS_OF_A_WRITER = 60
RESULTS_OF_A_THREAD = 15
"""In one life: enough to be killed among them, few enough for the worker to judge them all in the end."""


def write_results(process: int, life: int, confirmed: int, tell: Callable[[], object]) -> None:
    """Eight threads that hand in results, stored in groups, and then wait to be killed; also before a commit."""
    records.ORIGIN = settings.ORIGIN
    _tell_of(batches, "store_bundles", tell)

    def work(thread: int) -> None:
        for number in range(RESULTS_OF_A_THREAD):
            salt = ((process * 1000 + life) * THREADS + thread) * 10**6 + number
            bundle = records.bundle(of=records.trace(windows=1, queries=1, salt=salt))
            submission, _new = batches.accept_gathered(data=bundle.to_bytes())
            os.write(confirmed, f"{submission.result_id}\n".encode())
            tell()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    signal.pause()


def sequence_for_ever(tell: Callable[[], object]) -> None:
    """Sequences without a pause and tells of each step."""
    for module, name in (
        (sequencer, "assign_places"),
        (tile_writer, "_extend"),
        (tile_store, "_write"),
        (sequencer, "root_after"),
        (sequencer, "sign_checkpoint"),
        (sequencer, "publish"),
    ):
        _tell_of(module, name, tell)
    while True:
        sequencer.sequence()


def judge_for_ever(tell: Callable[[], object]) -> None:
    """Judges what waits, as a worker does, and tells before and after each transaction."""
    for name in ("_together", "claim"):
        _tell_of(review, name, tell)
    while True:
        waiting = Submission.objects.filter(state__in=UNJUDGED).order_by("received_at")
        ids = list(waiting.values_list("result_id", flat=True)[:BATCH_SIZE])
        tell()
        review.judge_waiting(result_ids=ids)


def _tell_of(module: ModuleType, name: str, tell: Callable[[], object]) -> None:
    """Have the module's step tell before and after it."""
    step = getattr(module, name)

    def told(*args: object, **kwargs: object) -> object:
        tell()
        result = step(*args, **kwargs)
        tell()
        return result

    setattr(module, name, told)


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
            tell = lambda: os.write(telling, bytes([process, life]))  # noqa: E731
            if process == SEQUENCER:
                sequence_for_ever(tell)
            if process == WORKER:
                judge_for_ever(tell)
            write_results(process, life, confirmed, tell)
        finally:
            os._exit(1)

    lives = [start(process, 0) for process in range(PROCESSES + 2)]
    born, steps = [0] * len(lives), [0] * len(lives)
    for life in range(1, kills + 1):
        process = chance.choice([SEQUENCER, WORKER, chance.randrange(PROCESSES)])
        last = chance.randint(1, STEPS.get(process, STEPS_OF_A_WRITER))
        while steps[process] < last:
            who, in_life = os.read(told, 2)
            steps[who] += in_life == born[who]
        _kill(lives[process])
        lives[process], born[process], steps[process] = start(process, life), life, 0
    for pid in lives:
        _kill(pid)


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), f"process {pid} had ended by itself"


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
