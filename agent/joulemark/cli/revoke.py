"""`joulemark revoke`: revoke a key that was lost, stolen or retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.output import CommandOutput
from joulemark.cli.values import key_digest, moment
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Arguments: the key, the reason, and since when its signatures are not trusted."""
    parser.add_argument(
        "--reason", choices=("lost", "stolen", "retired"), required=True, help=_("the reason; it is public")
    )
    parser.add_argument(
        "--key",
        type=key_digest,
        metavar="KEYID",
        help=_("another key of yours, 64 hex digits (default: the current key)"),
    )
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help=_("judge again the results received since this time, such as 2026-03-01T12:00Z (default: none)"),
    )


def execute(arguments: Namespace) -> int:
    """0 when the platform has revoked the key."""
    from msgspec import to_builtins

    from joulemark import config as configs
    from joulemark.session.key_requests import revoke

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    answer = revoke(config, key_id=arguments.key, reason=arguments.reason, since=arguments.since)
    output.say(
        _("{origin} no longer accepts anything signed by key {key_id}.").format(
            origin=config.origin, key_id=answer.key_id[:16]
        )
    )
    output.say(_("Results judged again: {judged_again}.").format(judged_again=answer.judged_again))
    output.answer({"ok": True, "origin": config.origin, **to_builtins(answer)})
    return 0
