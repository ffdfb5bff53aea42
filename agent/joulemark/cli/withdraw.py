"""`joulemark withdraw ID`: a result of yours counts no more; its bytes and its place in the log stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _
from joulemark.translation import ngettext

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.record.messages import ReleasesHolding


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
    output.say(releases_keep(status.releases))
    output.answer({"ok": True, "origin": config.origin, "result": to_builtins(status)})
    return 0


def releases_keep(releases: ReleasesHolding | None) -> str:
    """What a withdrawal does not take back, in a sentence."""
    if releases is None:
        return _(
            "Its bytes stay public, with the reason. A release of the data that was published before, if there is one, "
            "never changes and still counts this result."
        )
    return ngettext(
        "Its bytes stay public, with the reason. The release {first} was published before and never changes: it still "
        "counts this result.",
        "Its bytes stay public, with the reason. {count} releases, {first} to {last}, were published before and never "
        "change: they still count this result.",
        releases.count,
    ).format(count=releases.count, first=releases.first, last=releases.last)
