"""`joulemark audit URL`: is a platform's log what it was before, and is what it shows what its log says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from joulemark.cli.output import Output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.audit.findings import Report
    from joulemark.log.notes import VerifierKey

TELL_S = 1.0
LONG_PAUSE_S = 15.0
WHY = {
    "given": "the one you gave",
    "kept": "kept by the last audit",
    "enrolled": "stored at enrolment",
    "first-use": "shown by the platform and kept from now on; compare it over another channel",
}


def add_arguments(parser: ArgumentParser) -> None:
    """One platform, and how thoroughly."""
    parser.add_argument("url", metavar="URL", help="the platform's origin, such as https://example.org")
    parser.add_argument("--all", action="store_true", help="read every entry, not only those that are new")
    parser.add_argument(
        "--no-bundles", action="store_true", help="download neither the results themselves nor suites"
    )
    parser.add_argument(
        "--log-key",
        metavar="KEY",
        help="the log's key, NAME+ID+BASE64, had from a trusted place; else the one kept, or shown at first use",
    )
    parser.add_argument(
        "--witness",
        metavar="KEY",
        action="append",
        default=[],
        help="the checkpoint must be co-signed with this key; may be given several times",
    )


def execute(arguments: Namespace) -> int:
    """0 when all fits; 3 when something does not, 5 when the platform gives no usable answer."""
    from joulemark import config as configs
    from joulemark.audit.story import Asked, audit
    from joulemark.errors import EXIT_NOT_VERIFIED, EXIT_OK
    from joulemark.log.notes import COSIGNATURE, ED25519

    output = Output(as_json=arguments.json)
    asked = Asked(
        origin=configs.parse_origin(arguments.url),
        everything=arguments.all,
        bundles=not arguments.no_bundles,
        log_key=_key(arguments.log_key, ED25519, "--log-key") if arguments.log_key is not None else None,
        witnesses=[_key(text, COSIGNATURE, "--witness") for text in arguments.witness],
    )
    report = audit(configs.load().folders, asked, tell=_Progress(output), sleep=_Pause(output))
    _say(output, report)
    output.answer(_answer(report))
    return EXIT_NOT_VERIFIED if report.findings else EXIT_OK


class _Progress:
    """A line on stderr, at most one a second."""

    def __init__(self, output: Output) -> None:
        self._output, self._next_s = output, time.monotonic() + TELL_S

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + TELL_S
            self._output.aside(f"{done} of {of} entries are read.")


class _Pause:
    """A pause; of a long one a line on stderr."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, seconds: float) -> None:
        if seconds > LONG_PAUSE_S:
            self._output.aside(
                f"The platform asks for a pause of {seconds:.0f} s; the audit goes on after it."
            )
        time.sleep(seconds)


def _key(text: str, kind: int, option: str) -> VerifierKey:
    from joulemark.errors import UsageError
    from joulemark.log.notes import VerifierKey
    from joulemark.record.errors import RecordError

    try:
        key = VerifierKey.parse(text.strip())
    except RecordError as error:
        raise UsageError(f"{option}: {error}") from error
    if key.kind != kind:
        raise UsageError(f"{option}: {key.name} is a key of the other kind; logs sign, witnesses co-sign.")
    return key


def _say(output: Output, report: Report) -> None:
    checkpoint, read = report.checkpoint, sum(report.kinds.values())
    output.say(f"log       {checkpoint.origin}, {checkpoint.size} entries, root {checkpoint.root.hex()}")
    output.say(f"key       {report.log_key.encode()} ({WHY[report.trust]})")
    for name, at in report.witnesses:
        output.say(f"witness   {name} at {at.isoformat(timespec='seconds')}")
    if report.evidence is None:
        before = (
            "" if report.old_size is None else f", which continue the {report.old_size} of the last audit"
        )
        kinds = ", ".join(f"{kind} {n}" for kind, n in sorted(report.kinds.items()))
        output.say(f"read      {read} entries{before}{f': {kinds}' if kinds else ''}")
        output.say(
            f"compared  {read} rows, {report.bundles} bundles, {report.suites} suites, {report.states} states "
            f"({report.waiting} being judged), {report.listed} listed results"
        )
    for finding in report.findings:
        output.say(f"{finding.code}  {finding.sentence}")
    if report.evidence is not None:
        output.say(f"Nothing is believed of this log. Evidence: {report.evidence}. Show it to others.")
    elif not report.findings:
        output.say("Everything that was looked at fits.")


def _answer(report: Report) -> dict[str, Any]:
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
            {"code": one.code, "sentence": one.sentence, "index": one.index, "result_id": one.result_id}
            for one in report.findings
        ],
        "evidence": None if report.evidence is None else str(report.evidence),
    }
