"""`joulemark witness ORIGIN`: cosign a platform's checkpoints, once from cron or as a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from joulemark.cli.log_keys import verifier_key
from joulemark.cli.output import CommandOutput
from joulemark.cli.values import listening_address
from joulemark.translation import gettext as _

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.config import Folders
    from joulemark.witness.cosigner import Cosigner
    from joulemark.witness.pull import WitnessReport


def add_arguments(parser: ArgumentParser) -> None:
    """One platform, how the witness is called, and whether it pulls or serves."""
    parser.add_argument("url", metavar="ORIGIN", help=_("the platform's origin, such as https://example.org"))
    parser.add_argument(
        "--name",
        metavar="NAME",
        help=_("the witness's name, an address without https:// such as example.org/w1; needed once"),
    )
    parser.add_argument(
        "--log-key",
        metavar="KEY",
        help=_("the log's key (NAME+ID+BASE64) from a trusted source; needed after a change of that key"),
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--keep",
        action="store_true",
        help=_("only write the cosigned checkpoint to a file; send nothing to the platform"),
    )
    action.add_argument(
        "--serve",
        type=listening_address,
        metavar="HOST:PORT",
        help=_("serve add-checkpoint there until interrupted, such as 127.0.0.1:8080"),
    )


def execute(arguments: Namespace) -> int:
    """0 when the checkpoint is cosigned; 3 when it does not continue the last one, 4 when it is not taken."""
    from joulemark import config as configs
    from joulemark.log.checkpoints import log_name
    from joulemark.log.notes import ED25519
    from joulemark.witness import witness_key
    from joulemark.witness.cosigner import Cosigner
    from joulemark.witness.pull import trust_log, witness_once
    from joulemark.witness.state import WitnessStore

    output = CommandOutput(as_json=arguments.json)
    origin = configs.parse_origin(arguments.url)
    given = None if arguments.log_key is None else verifier_key(arguments.log_key, ED25519, "--log-key")
    folders: Folders = configs.load(origin=origin).folders
    name, key = witness_key.load_or_create(folders, name=arguments.name)
    store = WitnessStore(folders.witnessed)
    log_key, why = trust_log(folders, store, origin, given=given)
    cosigner = Cosigner(name=name, key=key, store=store, logs={log_name(origin): log_key})
    output.aside(_("witness   {key}").format(key=cosigner.verifier_key.encode()))
    if arguments.serve:
        return _serve(output, cosigner, *arguments.serve)
    report = witness_once(cosigner, origin, trust=why, sends=not arguments.keep)
    _say(output, report)
    output.answer(
        {
            "ok": True,
            "origin": origin,
            "witness": cosigner.verifier_key.encode(),
            "log_key": log_key.encode(),
            "trust": why,
            "size": report.checkpoint.size,
            "root": report.checkpoint.root.hex(),
            "old_size": report.old_size,
            "file": str(report.file),
            "sent": report.is_sent,
        }
    )
    return 0


def _serve(output: CommandOutput, cosigner: Cosigner, host: str, port: int) -> int:
    from joulemark.witness.server import WitnessServer

    with WitnessServer(host, port, cosigner) as server:
        output.aside(_("Listening on {address}. Stop with Ctrl-C.").format(address=server.address))
        server.serve_forever(poll_interval=0.2)
    return 0


def _say(output: CommandOutput, report: WitnessReport) -> None:
    checkpoint = report.checkpoint
    output.say(
        _("log       {origin}, {size} entries, root {root}").format(
            origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex()
        )
    )
    before = (
        _("the first checkpoint that this witness has seen")
        if report.old_size is None
        else _("it continues the {size} entries cosigned before").format(size=report.old_size)
    )
    output.say(_("cosigned  {before}").format(before=before))
    output.say(_("file      {path}").format(path=report.file))
    if report.is_sent:
        output.say(_("sent      the platform has the cosignature"))
