"""`joulemark audit URL`: is a platform's log what it was before, and is what it shows what its log says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from joulemark.cli.log_keys import verifier_key
from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _
from joulemark.translation import marked, ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.audit.findings import AuditReport, LogGap

TELL_S = 1.0
LONG_PAUSE_S = 15.0
WHY = {
    "given": marked("given on the command line"),
    "kept": marked("stored by the last audit"),
    "enrolled": marked("stored at enrolment"),
    "first-use": marked("shown by the platform and stored on first use; compare it over another channel"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """One platform, and how thoroughly."""
    parser.add_argument("url", metavar="URL", help=_("the platform's origin, such as https://example.org"))
    parser.add_argument("--all", action="store_true", help=_("read every entry, not only the new ones"))
    parser.add_argument("--no-bundles", action="store_true", help=_("do not download results or suites"))
    parser.add_argument(
        "--log-key",
        metavar="KEY",
        help=_(
            "the log's key (NAME+ID+BASE64) from a trusted source (default: the stored one, else the "
            "one shown on first use)"
        ),
    )
    parser.add_argument(
        "--witness",
        metavar="KEY",
        action="append",
        default=[],
        help=_("require the checkpoint to be co-signed with this key; can be repeated"),
    )


def execute(arguments: Namespace) -> int:
    """0 when all fits; 3 when something does not, 5 when the platform gives no usable answer."""
    from joulemark import config as configs
    from joulemark.audit.auditor import AuditRequest, audit
    from joulemark.errors import EXIT_NOT_VERIFIED, EXIT_OK
    from joulemark.log.notes import COSIGNATURE, ED25519

    output = CommandOutput(as_json=arguments.json)
    request = AuditRequest(
        origin=configs.parse_origin(arguments.url),
        everything=arguments.all,
        bundles=not arguments.no_bundles,
        log_key=verifier_key(arguments.log_key, ED25519, "--log-key")
        if arguments.log_key is not None
        else None,
        witnesses=[verifier_key(text, COSIGNATURE, "--witness") for text in arguments.witness],
    )
    report = audit(configs.load().folders, request, tell=_Progress(output), sleep=_Pause(output))
    _say(output, report)
    output.answer(_answer(report))
    return EXIT_NOT_VERIFIED if report.findings else EXIT_OK


class _Progress:
    """A line on stderr, at most one a second."""

    def __init__(self, output: CommandOutput) -> None:
        self._output, self._next_s = output, time.monotonic() + TELL_S

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + TELL_S
            self._output.aside(_("{done} of {of} entries read.").format(done=done, of=of))


class _Pause:
    """A pause; of a long one a line on stderr."""

    def __init__(self, output: CommandOutput) -> None:
        self._output = output

    def __call__(self, seconds: float) -> None:
        if seconds > LONG_PAUSE_S:
            self._output.aside(
                _("The platform asks for a pause of {seconds:.0f} s; the audit continues after it.").format(
                    seconds=seconds
                )
            )
        time.sleep(seconds)


def _say(output: CommandOutput, report: AuditReport) -> None:
    checkpoint, read = report.checkpoint, sum(report.kinds.values())
    output.say(
        _("log       {origin}, {size} entries, root {root}").format(
            origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex()
        )
    )
    output.say(
        _("key       {log_key} ({why})").format(log_key=report.log_key.encode(), why=_(WHY[report.trust]))
    )
    for name, at in report.witnesses:
        output.say(_("witness   {name} at {at}").format(name=name, at=at.isoformat(timespec="seconds")))
    if report.evidence is None:
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(report.kinds.items()))
        output.say(_read_entries(read, report.old_size, kinds))
        output.say(
            _(
                "compared  {read} rows, {bundles} bundles, {suites} suites, {states} states ({waiting} of them being "
                "judged), {listed} listed results"
            ).format(
                read=read,
                bundles=report.bundles,
                suites=report.suites,
                states=report.states,
                waiting=report.waiting,
                listed=report.listed,
            )
        )
    for gap in report.gaps:
        output.say(_gap_in_words(gap, report))
    for finding in report.findings:
        output.say(f"{finding.code}  {finding.sentence}")
    if report.evidence is not None:
        output.say(
            _("This log cannot be trusted. Evidence: {evidence}. Show it to others.").format(
                evidence=report.evidence
            )
        )
    elif not report.findings:
        output.say(_("Everything that was checked is consistent."))


def _gap_in_words(gap: LogGap, report: AuditReport) -> str:
    """What the log itself says was lost with a restore, and how much of it is missing now."""
    missing = {
        finding.result_id or finding.index
        for finding in report.lost
        if finding.index is None or gap.start <= finding.index < gap.end
    }
    return ngettext(
        "gap       entries {start} to {last}: the platform was restored from a backup ({at}); {count} of their rows or "
        "results is missing",
        "gap       entries {start} to {last}: the platform was restored from a backup ({at}); {count} of their rows or "
        "results are missing",
        len(missing),
    ).format(start=gap.start, last=gap.end - 1, at=gap.at, count=len(missing))


def _read_entries(count: int, old_size: int | None, kinds: str) -> str:
    if old_size is None:
        sentence = ngettext("read      {count} entry", "read      {count} entries", count)
    else:
        sentence = ngettext(
            "read      {count} entry, which continues the {old_size} of the last audit",
            "read      {count} entries, which continue the {old_size} of the last audit",
            count,
        )
    sentence = sentence.format(count=count, old_size=old_size)
    return f"{sentence}: {kinds}" if kinds else sentence


def _answer(report: AuditReport) -> dict[str, Any]:
    return {
        "ok": not report.findings,
        "origin": report.origin,
        "log": report.checkpoint.origin,
        "log_key": report.log_key.encode(),
        "trust": report.trust,
        "size": report.checkpoint.size,
        "root": report.checkpoint.root.hex(),
        "old_size": report.old_size,
        "read": sum(report.kinds.values()),
        "kinds": dict(sorted(report.kinds.items())),
        "bundles": report.bundles,
        "suites": report.suites,
        "states": report.states,
        "waiting": report.waiting,
        "listed": report.listed,
        "witnesses": [{"name": name, "at": at.isoformat()} for name, at in report.witnesses],
        "findings": [
            {
                "code": finding.code,
                "sentence": finding.sentence,
                "index": finding.index,
                "result_id": finding.result_id,
            }
            for finding in report.findings
        ],
        "gaps": [
            {"index": gap.index, "start": gap.start, "end": gap.end, "at": gap.at} for gap in report.gaps
        ],
        "lost": [
            {"code": finding.code, "index": finding.index, "result_id": finding.result_id}
            for finding in report.lost
        ],
        "evidence": None if report.evidence is None else str(report.evidence),
    }
