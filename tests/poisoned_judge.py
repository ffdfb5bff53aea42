"""For a worker's `--include`: judging one submission kills the process, as content that breaks a library can."""

from __future__ import annotations

import os
import signal

from joulemark.rules.case import Case
from joulemark.rules.judge import Judgement, judge
from measurements.review import services

POISON = "JOULEMARK_TEST_POISON"
"""The traces' SHA-256 of the submissions that kill, in the environment, with commas between them."""


def judge_or_die(case: Case) -> Judgement:
    """The rules; for one of these submissions the end of this process."""
    if case.statement.digest_of("trace") in os.environ[POISON].split(","):
        os.kill(os.getpid(), signal.SIGKILL)
    return judge(case)


if POISON in os.environ:
    vars(services).update(judge=judge_or_die)
