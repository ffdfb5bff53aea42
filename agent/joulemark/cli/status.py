"""`joulemark status [ID]`: what the platform says about results, with its codes and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.output import Output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.record.bundle import Bundle
    from joulemark.record.messages import ResultStatus


NEXT_STEP = {
    "received": "waits for a verdict: there is nothing to do",
    "checking": "is being checked: there is nothing to do",
    "accepted": "counts; if it was measured wrongly: joulemark withdraw",
    "quarantined": "waits for a moderator; measure anew (joulemark run --fresh), or tell your side: joulemark appeal",
    "rejected": "does not count; measure anew (joulemark run --fresh), or appeal within its window: joulemark appeal",
    "withdrawn": "was taken back and counts no more",
}
"""What a state means for the one who sent the result."""


def add_arguments(parser: ArgumentParser) -> None:
    """One result, or all that were sent."""
    parser.add_argument(
        "id", metavar="ID", nargs="?", help="a result's id or its beginning; all results without it"
    )


def execute(arguments: Namespace) -> int:
    """0 when the platform answered for each; 2 when a file is damaged, 4 when it does not know one, 6 when none."""
    from msgspec import UNSET, to_builtins

    from joulemark import config as configs
    from joulemark import identity as identities
    from joulemark.cli.damage import tell_damaged, tell_note_faults
    from joulemark.errors import EXIT_OK, EXIT_REFUSED, EXIT_USAGE, NothingToDo, Refused
    from joulemark.outbox import Outbox
    from joulemark.platform_client import PlatformClient
    from joulemark.rules.advice import what_to_do
    from joulemark.session.delivery import ask_status

    output = Output(as_json=arguments.json)
    config = configs.load()
    output.aside(f"Platform: {config.origin_in_words}.")
    outbox = Outbox(config.folders)
    enrolled = identities.require_known(config.folders, config.origin)
    asked = [outbox.find(arguments.id)] if arguments.id else list(outbox.results())
    asked = [kept for kept in asked if kept.bundle.statement().predicate.audience == config.origin]
    damaged = [] if arguments.id else tell_damaged(output, outbox)
    tell_note_faults(output, asked)
    if not asked and not damaged:
        raise NothingToDo(
            f"No result for {config.origin} is in the outbox. Measure something first: `joulemark run`."
        )
    rows: list[dict[str, Any]] = []
    exit_code = EXIT_USAGE if damaged else EXIT_OK
    with PlatformClient(config.origin) as client:
        shown = client.platform_key()
        enrolled = identities.learn_log_key(config.folders, config.origin, shown) or enrolled
        for one in asked:
            kept = one
            try:
                kept, status = ask_status(outbox, kept, client, enrolled.platform)
            except Refused as refused:
                output.say(f"{kept.digest[:16]}  {kept.state}  {refused}")
                rows.append({"result_id": kept.digest, "state": None, "error": str(refused)})
                exit_code = EXIT_REFUSED
                continue
            output.say(f"{kept.digest[:16]}  {status.state}  for {_age(status)}  {status.url}")
            output.say(f"    {_place(kept.bundle, logged=enrolled.platform.log_key is not UNSET)}")
            for code, severity, sentence in status.findings:
                output.say(f"    {code} ({severity}) {sentence}")
                if advice := what_to_do(code):
                    output.say(f"        what to do: {advice}")
            output.say(f"    {NEXT_STEP[status.state]}")
            proof = kept.bundle.proof
            rows.append({**to_builtins(status), "leaf_index": None if proof is None else proof.index})
    output.answer({"ok": exit_code == EXIT_OK, "origin": config.origin, "results": rows, "damaged": damaged})
    return exit_code


def _age(status: ResultStatus) -> str:
    """How long it has been in its state: since the verdict, or since it arrived."""
    from datetime import UTC, datetime

    seconds = (datetime.now(UTC) - (status.judged_at or status.received_at)).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "less than a minute"


def _place(bundle: Bundle, *, logged: bool) -> str:
    """Where the result is in the platform's log."""
    if bundle.proof is not None:
        return f"in the log as entry {bundle.proof.index}; the proof is in its file"
    if bundle.receipt is None or not logged:
        return "not shown to be in the log"
    return "promised to be in the log, and not in its sequence yet: ask again in a minute"
