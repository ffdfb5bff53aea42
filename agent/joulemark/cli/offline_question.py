"""The question that a run puts on a terminal while it waits for the platform: whether to measure on without it.

Nobody may be there in the evening, so the question holds nothing up: the platform is asked again meanwhile, and without
an answer the run does what it would have done.
"""

from __future__ import annotations

import os
import select
import sys
import time
from typing import TYPE_CHECKING

from joulemark.session.run import PlatformPause
from joulemark.translation import gettext as _
from joulemark.translation import marked
from joulemark.waiting import WaitEnded

if TYPE_CHECKING:
    from typing import TextIO

    from joulemark.session.options import Options

ANSWER = "offline"
QUESTION = marked(
    "Continue without it? Type `{answer}` and press Enter: such results rank lower and are sent when "
    "it answers."
)


def offline_question(options: Options) -> PlatformPause:
    """How to wait for the platform: asking, where somebody is at the terminal and has not said what to do."""
    if _is_asked(options):
        return PlatformPause(wait=wait_for_answer, question=_(QUESTION).format(answer=ANSWER))
    return PlatformPause()


def _is_asked(options: Options) -> bool:
    return not options.offline_after and _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def _is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it was closed
        return False


def wait_for_answer(seconds: float) -> None:
    """Pause. Raises WaitEnded as soon as the answer is typed."""
    ends_s = time.monotonic() + seconds
    while (left_s := ends_s - time.monotonic()) > 0:
        descriptor = sys.stdin.fileno()
        is_typed = select.select([descriptor], [], [], left_s)[0]
        if not is_typed:
            return
        if os.tcgetpgrp(descriptor) != os.getpgrp():  # in the background: what is typed is for somebody else
            time.sleep(max(0.0, ends_s - time.monotonic()))
            return
        line = os.read(descriptor, 1024)
        if not line:  # the terminal is at its end
            time.sleep(max(0.0, ends_s - time.monotonic()))
            return
        if line.decode(errors="replace").strip().strip("`").lower() == ANSWER:
            raise WaitEnded
