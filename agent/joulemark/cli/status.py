"""`joulemark status [ID]`: the platform's verdicts on results, with their codes and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.platform_words import quoted_in_words
from joulemark.translation import gettext as _
from joulemark.translation import marked

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.record.bundle import Bundle
    from joulemark.record.messages import ResultStatus


NEXT_STEP = {
    "received": marked("waits for a verdict; nothing to do"),
    "checking": marked("is being checked; nothing to do"),
    "accepted": marked("counts; if the measurement was wrong: joulemark withdraw"),
    "quarantined": marked(
        "waits for a moderator; measure again (joulemark run --fresh), or appeal (joulemark appeal)"
    ),
    "rejected": marked(
        "does not count; measure again (joulemark run --fresh), or appeal in time (joulemark appeal)"
    ),
    "withdrawn": marked("was withdrawn and no longer counts"),
}
"""What a state means for the one who sent the result."""


def add_arguments(parser: ArgumentParser) -> None:
    """One result, or all that were sent."""
    parser.add_argument(
        "id", metavar="ID", nargs="?", help=_("a result's id or its beginning (default: all results)")
    )


def execute(arguments: Namespace) -> int:
    """0 when the platform answered for each; 2 when a file is damaged, 4 when it does not know one, 6 when none."""
    from msgspec import UNSET, to_builtins

    from joulemark import config as configs
    from joulemark import identity as identities
    from joulemark.cli.damage import tell_damaged, tell_note_faults
    from joulemark.cli.elsewhere import no_result_for, results_elsewhere
    from joulemark.errors import EXIT_OK, EXIT_REFUSED, EXIT_USAGE, Refused
    from joulemark.outbox import Outbox
    from joulemark.platform_client import PlatformClient
    from joulemark.rules.advice import title_of, what_to_do
    from joulemark.session.delivery import ask_status
    from joulemark.session.lost_results import NOT_FOUND, lost_in_words

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    outbox = Outbox(config.folders)
    enrolled = identities.require_known(config.folders, config.origin)
    candidates = [outbox.find(arguments.id)] if arguments.id else list(outbox.results())
    results = [
        result for result in candidates if result.bundle.statement().predicate.audience == config.origin
    ]
    damaged = [] if arguments.id else tell_damaged(output, outbox)
    tell_note_faults(output, results)
    if not results and not damaged:
        raise no_result_for(config, results_elsewhere(config, candidates))
    rows: list[dict[str, Any]] = []
    exit_code = EXIT_USAGE if damaged else EXIT_OK
    with PlatformClient(config.origin) as client:
        platform_key = client.platform_key()
        enrolled = identities.learn_log_key(config.folders, config.origin, platform_key) or enrolled
        for unasked in results:
            try:
                result, status = ask_status(outbox, unasked, client, enrolled.platform)
            except Refused as refused:
                output.say(f"{unasked.digest[:16]}  {in_words(unasked.state)}  {refused}")
                if refused.status == NOT_FOUND and unasked.bundle.receipt is not None:
                    output.say(f"    {lost_in_words(unasked, enrolled.platform)}")
                rows.append({"result_id": unasked.digest, "state": None, "error": str(refused)})
                exit_code = EXIT_REFUSED
                continue
            output.say(
                _("{digest}  {state}  for {age}  {url}").format(
                    digest=result.digest[:16], state=in_words(status.state), age=_age(status), url=status.url
                )
            )
            output.say(f"    {_place(result.bundle, logged=enrolled.platform.log_key is not UNSET)}")
            for code, severity, sentence in status.findings:
                output.say(f"    {code} ({in_words(severity)}) {quoted_in_words(code, sentence)}")
                if title := title_of(code):
                    output.say(_("        rule: {title}").format(title=_(title)))
                if advice := what_to_do(code):
                    output.say(_("        what to do: {advice}").format(advice=_(advice)))
            output.say(f"    {_(NEXT_STEP[status.state])}")
            proof = result.bundle.proof
            rows.append({**to_builtins(status), "leaf_index": None if proof is None else proof.index})
    output.answer({"ok": exit_code == EXIT_OK, "origin": config.origin, "results": rows, "damaged": damaged})
    return exit_code


def _age(status: ResultStatus) -> str:
    """How long it has been in its state: since the verdict, or since it arrived."""
    from datetime import UTC, datetime

    seconds = (datetime.now(UTC) - (status.judged_at or status.received_at)).total_seconds()
    for template, length in (
        (_("{number:.0f} d"), 86400),
        (_("{number:.0f} h"), 3600),
        (_("{number:.0f} min"), 60),
    ):
        if seconds >= length:
            return template.format(number=seconds / length)
    return _("less than a minute")


def _place(bundle: Bundle, *, logged: bool) -> str:
    """Where the result is in the platform's log."""
    if bundle.proof is not None:
        return _("included in the log as entry {index}; the proof is in its file").format(
            index=bundle.proof.index
        )
    if bundle.receipt is None or not logged:
        return _("not proved to be in the log")
    return _("promised to be included in the log, but not yet included: ask again in a minute")
