"""`joulemark withdraw ID`: a result of yours counts no more; its bytes and its place in the log stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Which result, and why."""
    parser.add_argument("id", metavar="ID", help=_("a result's id, or the beginning of one in the outbox"))
    parser.add_argument(
        "--reason",
        choices=("measured-wrongly", "wrong-machine", "private", "other"),
        required=True,
        help=_("the reason; it is public"),
    )


def execute(arguments: Namespace) -> int:
    """0 when the platform has withdrawn the result."""
    from msgspec import to_builtins

    from joulemark import config as configs
    from joulemark.cli.naming import result_id
    from joulemark.session.key_requests import withdraw

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    status = withdraw(config, result_id=result_id(arguments.id, config.folders), reason=arguments.reason)
    output.say(f"{status.result_id[:16]}  {in_words(status.state)}  {status.url}")
    output.answer({"ok": True, "origin": config.origin, "result": to_builtins(status)})
    return 0
