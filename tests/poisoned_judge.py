"""For a worker's `--include`: judging one submission kills the process, as content that breaks a library can."""

from __future__ import annotations

import os
import signal

from joulemark.rules.case import Case
from joulemark.rules.judge import Judgement, judge
from measurements.review import services

POISON = "JOULEMARK_TEST_POISON"
"""The trace's SHA-256 of the submission that kills, in the environment."""


def judge_or_die(case: Case) -> Judgement:
    """The rules; for the one submission the end of this process."""
    if any(subject.digest.sha256 == os.environ[POISON] for subject in case.statement.subject):
        os.kill(os.getpid(), signal.SIGKILL)
    return judge(case)


if POISON in os.environ:
    vars(services).update(judge=judge_or_die)
