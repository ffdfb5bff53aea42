"""`joulemark appeal ID --words TEXT`: a person looks at a verdict again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Which result, and what the moderators should know."""
    parser.add_argument("id", metavar="ID", help=_("a result's id, or the beginning of one in the outbox"))
    parser.add_argument(
        "--words",
        required=True,
        metavar="TEXT",
        help=_("why the verdict is wrong (1 to 1000 characters); it is public"),
    )


def execute(arguments: Namespace) -> int:
    """0 when the platform has taken the appeal."""
    from msgspec import to_builtins

    from joulemark import config as configs
    from joulemark.cli.naming import result_id
    from joulemark.session.key_requests import appeal

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    digest = result_id(arguments.id, config.folders)
    answer = appeal(config, result_id=digest, words=arguments.words)
    output.say(
        _("{result_id}  appeal filed; a decision is due by {decide_by:%Y-%m-%d %H:%M} UTC.").format(
            result_id=answer.result_id[:16], decide_by=answer.decide_by
        )
    )
    output.answer({"ok": True, "origin": config.origin, **to_builtins(answer)})
    return 0
