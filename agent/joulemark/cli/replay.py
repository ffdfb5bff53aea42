"""`joulemark replay DIR|URL`: does all that a release publishes follow from the evidence that is in it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from pathlib import Path

    from joulemark.log.notes import VerifierKey
    from joulemark.replay.replaying import ReplayReport

TELL_S = 2.0
MOST_LINES = 40
"""Differences that are printed; all of them are in the JSON answer."""

STEP_TITLES = {
    "files": marked("files"),
    "tables": marked("tables"),
    "log": marked("log"),
    "evidence": marked("evidence"),
    "verdicts": marked("verdicts"),
    "snapshots": marked("states and rules"),
    "boards": marked("values, ranks and comparisons"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """One release, and how it is replayed."""
    parser.add_argument(
        "source", metavar="DIR|URL", help=_("the folder or the address that has releases.json")
    )
    parser.add_argument("--release", metavar="NAME", help=_("which release (default: the newest one)"))
    parser.add_argument(
        "--jobs", type=int, default=0, metavar="N", help=_("processes (default: one for each core)")
    )
    parser.add_argument(
        "--state",
        metavar="FILE",
        help=_("where progress is kept, so that an interrupted replay resumes (default: in the cache)"),
    )
    parser.add_argument("--fresh", action="store_true", help=_("forget what was done before"))
    parser.add_argument(
        "--log-key",
        metavar="KEY",
        help=_("the log's key (NAME+ID+BASE64) from a trusted source (default: the one in the release)"),
    )


def execute(arguments: Namespace) -> int:
    """0 when all is equal; 3 when something is not, 5 when a file of an address cannot be read."""
    from joulemark.errors import EXIT_NOT_VERIFIED, EXIT_OK
    from joulemark.replay.replaying import ReplayRequest, replay

    output = CommandOutput(as_json=arguments.json)
    request = ReplayRequest(
        source=arguments.source,
        name=arguments.release,
        state=_state_file(arguments.state),
        is_fresh=arguments.fresh,
        jobs=_jobs(arguments.jobs),
        log_key=_log_key(arguments.log_key),
    )
    report = replay(request, _Progress(output))
    _say(output, report, is_key_given=arguments.log_key is not None)
    output.answer(_answer(report))
    return EXIT_OK if report.is_equal else EXIT_NOT_VERIFIED


class _Progress:
    """A line on stderr every two seconds, and one when a step ends that took so long."""

    def __init__(self, output: CommandOutput) -> None:
        self._output, self._next_s = output, time.monotonic() + TELL_S

    def __call__(self, step: str, done: int, of: int) -> None:
        if time.monotonic() < self._next_s:
            return
        self._next_s = time.monotonic() + TELL_S
        self._output.aside(
            _("{step}: {done} of {of} parts done.").format(step=_(STEP_TITLES[step]), done=done, of=of)
        )


def _state_file(given: str | None) -> Path | None:
    from pathlib import Path

    return None if given is None else Path(given).expanduser()


def _jobs(given: int) -> int:
    import os

    from joulemark.errors import UsageError

    if given < 0:
        raise UsageError(_("--jobs takes a number of processes, 1 or more."))
    return given or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else given or 1


def _log_key(text: str | None) -> VerifierKey | None:
    from joulemark.cli.log_keys import verifier_key
    from joulemark.log.notes import ED25519

    return None if text is None else verifier_key(text, ED25519, "--log-key")


def _say(output: CommandOutput, report: ReplayReport, *, is_key_given: bool) -> None:
    output.say(
        _("release   {name} of {origin}, {size} entries of the log").format(
            name=report.release, origin=report.origin, size=report.tree_size
        )
    )
    output.say(
        _("compared  {counts}").format(
            counts=", ".join(f"{_(COUNT_TITLES.get(name, name))}: {n}" for name, n in report.counts.items())
        )
    )
    if report.is_simulated:
        output.say(_("simulated its results are those of a simulated crowd: nobody measured them"))
    if not is_key_given:
        output.say(
            _(
                "log key   the one in the release; compare it over another channel, or give one that you trust with "
                "--log-key"
            )
        )
    for difference in report.differences[:MOST_LINES]:
        output.say(f"{difference.code}  {difference.sentence}")
    n_more = len(report.differences) - MOST_LINES
    if n_more > 0:
        output.say(
            ngettext("… and {count} more; --json lists it.", "… and {count} more; --json lists them.", n_more).format(
                count=n_more
            )
        )  # fmt: skip
    if report.is_equal:
        output.say(_("equal     everything that was compared follows from the evidence in the release"))
    else:
        count = len(report.differences)
        output.say(
            ngettext(
                "differs   {count} thing does not follow from the evidence",
                "differs   {count} things do not follow from the evidence",
                count,
            ).format(count=count)
        )


def _answer(report: ReplayReport) -> dict[str, Any]:
    return {
        "ok": report.is_equal,
        "release": report.release,
        "origin": report.origin,
        "tree_size": report.tree_size,
        "root_hash": report.root_hash,
        "simulated": report.is_simulated,
        "compared": report.counts,
        "differences": [difference.to_json() for difference in report.differences],
    }


COUNT_TITLES = {
    "bundles": marked("bundles"),
    "cells": marked("values"),
    "checkpoints": marked("checkpoints"),
    "attestations": marked("attestations"),
    "comparisons": marked("comparisons"),
    "entries": marked("entries"),
    "files": marked("files"),
    "keys": marked("keys"),
    "ranks": marked("ranks"),
    "results": marked("results"),
    "rows": marked("rows"),
    "rules": marked("rules"),
    "rules_of_another_version": marked("sets of rules of another version (not compared)"),
    "states": marked("states"),
    "suites": marked("suites"),
    "tickets": marked("tickets"),
    "verdicts": marked("verdicts"),
    "verdicts_given_up": marked("verdicts for a lost process (not compared)"),
    "verdicts_of_other_rules": marked("verdicts by other versions of the rules (not recomputed)"),
    "verdicts_without_a_bundle": marked("verdicts without a bundle (not recomputed)"),
    "values_that_wait": marked("values that newer results are not in yet (not compared)"),
    "places_that_wait": marked("places of such values (not compared)"),
    "comparisons_that_wait": marked("comparisons of such values (not compared)"),
    "windows": marked("windows"),
}
