"""Short stable codes in the words of the language in use: states, grades and severities. `--json` keeps the codes."""

from __future__ import annotations

from joulemark.translation import gettext as _
from joulemark.translation import marked

WORDS = (
    # grades
    marked("measured"),
    marked("estimated"),
    marked("published"),
    # states in doctor's table
    marked("ok"),
    marked("warning"),
    marked("noisy"),
    marked("not available"),
    # areas in doctor's table
    marked("meter"),
    marked("device"),
    marked("folder"),
    marked("key"),
    marked("platform"),
    marked("workload"),
    # what became of sending
    marked("sent"),
    marked("refused"),
    marked("waiting"),
    # states and verdicts
    marked("received"),
    marked("checking"),
    marked("accepted"),
    marked("quarantined"),
    marked("rejected"),
    marked("withdrawn"),
    # severities
    marked("reject"),
    marked("quarantine"),
    marked("flag"),
    # where a published time comes from
    marked("this data set"),
    marked("mean of the task's data sets"),
    marked("from the energy of CPU and memory"),
    marked("the suite's shortest windows"),
    # how sure a value is, and how results compare
    marked("single source"),
    marked("several sources"),
    marked("replicated"),
    marked("established"),
    marked("agrees"),
    # kinds of model
    marked("task-specific"),
    marked("general-purpose"),
)


def in_words(code: str) -> str:
    """The code in words; one that has none stays as it is."""
    return _(code)
