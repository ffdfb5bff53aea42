"""`joulemark enrol`: a key, made once, and the platform that knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.output import CommandOutput
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """A name is optional."""
    parser.add_argument(
        "--name", help=_("a name to show beside your results (1 to 60 characters; default: none)")
    )
    parser.add_argument(
        "--passphrase",
        action="store_true",
        help=_("protect a new key with a passphrase: prompted for twice, or read from JOULEMARK_PASSPHRASE"),
    )


def execute(arguments: Namespace) -> int:
    """0 when the platform knows the key."""
    from joulemark import config as configs
    from joulemark.session.enrolment import check_name, enrol, own_key

    output = CommandOutput(as_json=arguments.json)
    config = configs.load()
    check_name(arguments.name)
    identity = own_key(config.folders, locked=arguments.passphrase)
    sends = (
        _("Sending your public key to {origin}.")
        if arguments.name is None
        else _('Sending your public key and the name "{name}" to {origin}.')
    )
    output.aside(sends.format(name=arguments.name, origin=config.origin_in_words))
    enrolled = enrol(config, identity=identity, name=arguments.name)
    output.say(
        _("Enrolled at {origin} as {contributor}.").format(
            origin=config.origin, contributor=enrolled.contributor
        )
    )
    output.say(_("Your public key   {public_key}").format(public_key=identity.public_key))
    output.say(
        _("Platform's key    {public_key}  (stored; from now on a change is an error)").format(
            public_key=enrolled.platform.public_key
        )
    )
    output.say(
        _("Private key file  {key}  (keep a copy; whoever has it can sign as you)").format(
            key=config.folders.key
        )
    )
    output.answer(
        {
            "ok": True,
            "origin": config.origin,
            "contributor": enrolled.contributor,
            "key_id": identity.key_id,
            "public_key": identity.public_key,
            "platform_public_key": enrolled.platform.public_key,
            "key_file": str(config.folders.key),
        }
    )
    return 0
