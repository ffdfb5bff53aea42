"""`joulemark submit`: send what is kept and not yet sent. Sending twice does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.cli.values import minutes, moment
from joulemark.platform_words import refusal_in_words
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.config import Config
    from joulemark.outbox import Outbox, OutboxResult
    from joulemark.record.messages import PlatformKey
    from joulemark.session.delivery import Delivery


def add_arguments(parser: ArgumentParser) -> None:
    """Refused results are left alone unless asked for."""
    parser.add_argument(
        "--retry-refused", action="store_true", help=_("also send results that the platform refused earlier")
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="MOMENT",
        help=_(
            "also send again what the platform gave a receipt for at MOMENT or later and no longer knows, because it "
            "was restored from a backup (a date, or a date and a time)"
        ),
    )
    parser.add_argument(
        "--patience",
        type=minutes,
        default=60.0,
        metavar="MINUTES",
        help=_("how long to wait for a platform that does not answer (default: 1)"),
    )


def execute(arguments: Namespace) -> int:
    """0 when all is sent; 2 when a file is damaged, 3 when a receipt is not the platform's, 4 when a result was
    refused, 5 when the platform is out of reach, 6 when nothing is there to send or the platform does not know a key
    that signed.

    What is sent was signed when it was measured: no private key is read.
    """
    from joulemark import config as configs
    from joulemark import identity as identities
    from joulemark.cli.damage import tell_damaged, tell_note_faults
    from joulemark.cli.elsewhere import elsewhere_in_words, results_elsewhere
    from joulemark.errors import EXIT_OK, EXIT_USAGE, NothingToDo
    from joulemark.outbox import Outbox
    from joulemark.patience import LONG
    from joulemark.platform_client import PlatformClient
    from joulemark.session.delivery import deliver_all, unsent
    from joulemark.waiting import Waiting

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    outbox = Outbox(config.folders)
    results = list(outbox.results())
    damaged = tell_damaged(output, outbox)
    tell_note_faults(output, results)
    if not results and not damaged:
        raise NothingToDo(_("The outbox is empty. Measure something first: `joulemark run`."))
    enrolled = identities.require_known(config.folders, config.origin)
    waiting = unsent(outbox, config.origin, retry_refused=arguments.retry_refused)
    rows: list[dict[str, Any]] = []
    if waiting:
        waits = Waiting(config.origin, limit_s=arguments.patience, pauses=LONG, say=output.aside)
        with PlatformClient(config.origin, waiting=waits) as client:
            identities.check_platform_key(config.folders, config.origin, client.platform_key())
            rows += [
                _row_of(output, delivery)
                for delivery in deliver_all(outbox, waiting, client, enrolled.platform)
            ]
    if arguments.since is not None:
        rows += _sent_again(output, config, outbox, enrolled.platform, arguments)
    attempted = {row["result_id"] for row in rows}
    for result in outbox.results():
        refusal = result.note.refusal
        if result.state == "refused" and refusal is not None and result.digest not in attempted:
            output.say(
                _("{digest}  refused earlier  {code}: {sentence}").format(
                    digest=result.digest[:16],
                    code=refusal.code,
                    sentence=refusal_in_words(refusal.code, refusal.sentence),
                )
            )
    ours = [
        result for result in outbox.results() if result.bundle.statement().predicate.audience == config.origin
    ]
    if elsewhere := results_elsewhere(config, results):
        output.say(elsewhere_in_words(elsewhere))
    exit_code = _exit_code(rows, ours) or (EXIT_USAGE if damaged else EXIT_OK)
    if exit_code == EXIT_OK:
        output.say(_("All results for {origin} are sent.").format(origin=config.origin))
    output.answer({"ok": exit_code == EXIT_OK, "origin": config.origin, "results": rows, "damaged": damaged})
    return exit_code


def _sent_again(
    output: CommandOutput, config: Config, outbox: Outbox, key: PlatformKey, arguments: Namespace
) -> list[dict[str, Any]]:
    """Send again what the platform lost since `arguments.since`; a row for each result that was lost."""
    from joulemark import identity as identities
    from joulemark.patience import LONG
    from joulemark.platform_client import PlatformClient
    from joulemark.session.lost_results import is_lost, receipted_since, send_again
    from joulemark.waiting import Waiting

    receipted = receipted_since(outbox.results(), key, arguments.since)
    waits = Waiting(config.origin, limit_s=arguments.patience, pauses=LONG, say=output.aside)
    with PlatformClient(config.origin, waiting=waits) as client:
        identities.check_platform_key(config.folders, config.origin, client.platform_key())
        lost = [result for result in receipted if is_lost(result, client)]
        rows = [_row_of(output, send_again(outbox, result, client, key)) for result in lost]
    output.say(
        ngettext(
            "{count} result had a receipt of that time; {lost} of them were lost.",
            "{count} results had a receipt of that time; {lost} of them were lost.",
            len(receipted),
        ).format(count=len(receipted), lost=len(lost))
    )
    return rows


def _exit_code(rows: list[dict[str, Any]], ours: list[OutboxResult]) -> int:
    """The most severe outcome of this delivery (`rows`) and of all results for this platform; 0 when all is sent."""
    from joulemark.errors import EXIT_OK, EXIT_REFUSED, EXIT_UNREACHABLE, BadReceipt, NotEnrolled
    from joulemark.session.delivery import KEY_UNKNOWN

    if any(row["code"] == BadReceipt.code for row in rows):
        return BadReceipt.exit_code
    if any(row["state"] == "refused" for row in rows):
        return EXIT_REFUSED
    if waiting_ids := {result.digest for result in ours if result.state == "waiting"}:
        of_strange_keys = {row["result_id"] for row in rows if row["code"] == KEY_UNKNOWN}
        return NotEnrolled.exit_code if waiting_ids <= of_strange_keys else EXIT_UNREACHABLE
    return EXIT_REFUSED if any(result.state == "refused" for result in ours) else EXIT_OK


def _row_of(output: CommandOutput, delivery: Delivery) -> dict[str, Any]:
    """Print the outcome of a delivery; returns it as a row of the answer."""
    output.say(
        f"{delivery.result.digest[:16]}  {in_words(delivery.how)}"
        + (
            f"  {delivery.code}: {refusal_in_words(delivery.code, delivery.sentence or '')}"
            if delivery.code
            else ""
        )
    )
    return {
        "result_id": delivery.result.digest,
        "state": delivery.how,
        "code": delivery.code,
        "sentence": delivery.sentence,
        "leaf_index": delivery.receipt.leaf_index if delivery.receipt else None,
    }
