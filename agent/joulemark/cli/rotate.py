"""`joulemark rotate`: a new key takes over; the platform knows whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Whether the new key is locked, and whether what only the old one may do is given up."""
    parser.add_argument(
        "--passphrase",
        action="store_true",
        help=_(
            "protect the new key with a passphrase if the old one has none: prompted for twice, or "
            "read from JOULEMARK_PASSPHRASE"
        ),
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help=_(
            "rotate even if results of the old key were not sent yet, or the key is enrolled at another "
            "platform"
        ),
    )


def execute(arguments: Namespace) -> int:
    """0 when the new key is the key, here and at the platform."""
    from joulemark import config as configs
    from joulemark.session.key_requests import rotate

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    output.aside(_("Platform: {origin}.").format(origin=config.origin_in_words))
    new, answer = rotate(config, anyway=arguments.anyway, locked=arguments.passphrase)
    output.say(
        _("From now on {contributor} signs with a new key at {origin}.").format(
            contributor=answer.contributor, origin=config.origin
        )
    )
    output.say(_("Your public key   {public_key}").format(public_key=new.public_key))
    output.say(
        _("Private key file  {key}  (keep a copy; the old key is stored beside it)").format(
            key=config.folders.key
        )
    )
    output.say(_("Results of runs that were announced under the old key are still accepted."))
    output.answer(
        {
            "ok": True,
            "origin": config.origin,
            "contributor": answer.contributor,
            "key_id": new.key_id,
            "public_key": new.public_key,
            "key_file": str(config.folders.key),
        }
    )
    return 0
