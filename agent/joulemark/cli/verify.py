"""`joulemark verify FILE`: is it unchanged, by whom, and is it in the platform's log.

Offline; needs no key, no platform and no configuration. The key of a log that was stored at enrolment is used.
"""

from __future__ import annotations

from joulemark.cli.code_words import in_words
from joulemark.cli.output import CommandOutput
from joulemark.errors import NotVerified, UsageError
from joulemark.translation import gettext as _
from joulemark.translation import marked

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.log.checkpoints import Checkpoint
    from joulemark.log.notes import VerifierKey
    from joulemark.record.bundle import Bundle
    from joulemark.record.messages import Receipt
    from joulemark.record.statement import Statement

PROVED = marked("proved: signed by this key; statement and trace are unchanged since")
ANYONE = marked(
    "not proved: whose key it is. Compare it with the one that its owner gave you, or pin it with --key"
)
TRUTH = marked(
    "not proved: that the numbers are true. A signature shows who claims them, not that they are right"
)
RECEIVED = marked(
    "proved: the receipt is for this result and unchanged since the platform key in it signed it"
)
PLATFORM = marked(
    "not proved: whose platform key that is. Compare it with the one at the platform's /api/v1/platform"
)
IN_LOG = marked("proved: the log whose key is trusted for {name} includes it as entry {index} of {size}")
IN_TREE = marked("proved: it is entry {index} of {size} in the tree of the checkpoint in the file")
NO_LOG_KEY = marked(
    "not proved: whose checkpoint that is. No key of the log {name} is trusted here; pin it with --log-key"
)
ONE_VIEW = marked(
    "not proved: that others are shown the same log. `joulemark audit` compares it with what is public"
)
PROMISED = marked(
    "not proved: that it is in the log. The receipt promises so; `joulemark status` fetches the proof"
)


def add_arguments(parser: ArgumentParser) -> None:
    """One file, and optionally the key that it must be by."""
    parser.add_argument("file", metavar="FILE", help="a result, *.joulemark.json")
    parser.add_argument(
        "--key",
        metavar="HEX",
        help=_("the contributor's public key, 64 hex digits, from a trusted source"),
    )
    parser.add_argument(
        "--log-key",
        metavar="KEY",
        help=_("the key of the platform's log, NAME+ID+BASE64 (default: the one stored at enrolment)"),
    )


def execute(arguments: Namespace) -> int:
    """0 when all fits; NotVerified (3) when anything does not; UsageError (2) when there is no such file."""
    import gc

    key = _key(arguments.key)
    log_key = _log_key(arguments.log_key)
    data = _read(arguments.file)
    collecting = gc.isenabled()
    gc.disable()  # else a sixth of this command's time is spent on collections while imports build classes
    try:
        bundle, statement, receipt = _verified(arguments.file, data, key)
        log_key = log_key or _stored_log_key(bundle, receipt)
        checkpoint = _checkpoint(arguments.file, bundle, receipt, log_key)
    finally:
        if collecting:
            gc.enable()
    predicate = statement.predicate
    in_log, not_in_log = _said_of_log(bundle, receipt, checkpoint, log_key)
    proved = [_(PROVED), *([_(RECEIVED)] if receipt else []), *in_log]
    not_proved = [
        *([] if key else [_(ANYONE)]),
        *([_(PLATFORM)] if receipt else []),
        *not_in_log,
        _(TRUTH),
    ]
    output = CommandOutput(as_json=arguments.json)
    output.say(_("verified  {file}").format(file=arguments.file))
    output.say(_("result    {result_id}").format(result_id=bundle.digest()))
    output.say(
        (_("key       {key} (given with --key)") if key else _("key       {key}")).format(
            key=predicate.contributor.public_key
        )
    )
    output.say(
        _("claims    {energy:.6g} J per query, {grade}").format(
            energy=predicate.totals.energy_per_query_j, grade=in_words(predicate.sensor.grade)
        )
    )
    if receipt:
        output.say(
            _("receipt   received at {received_at} by {audience}, key {public_key}").format(
                received_at=receipt.received_at.isoformat(timespec="seconds"),
                audience=receipt.audience,
                public_key=receipt.public_key,
            )
        )
    if bundle.proof and checkpoint:
        output.say(
            _("log       entry {index} of {size}, {origin}").format(
                index=bundle.proof.index, size=checkpoint.size, origin=checkpoint.origin
            )
        )
    for sentence in (*proved, *not_proved):
        output.say(sentence)
    output.answer(
        {
            "ok": True,
            "result_id": bundle.digest(),
            "public_key": predicate.contributor.public_key,
            "key_given": key is not None,
            "grade": predicate.sensor.grade,
            "energy_per_query_j": predicate.totals.energy_per_query_j,
            "receipt": receipt
            and {
                "leaf_index": receipt.leaf_index,
                "received_at": receipt.received_at.isoformat(),
                "public_key": receipt.public_key,
            },
            "log": bundle.proof
            and checkpoint
            and {
                "name": checkpoint.origin,
                "index": bundle.proof.index,
                "size": checkpoint.size,
                "key": log_key and log_key.encode(),
            },
            "proved": proved,
            "not_proved": not_proved,
        }
    )
    return 0


def _said_of_log(
    bundle: Bundle, receipt: Receipt | None, checkpoint: Checkpoint | None, key: VerifierKey | None
) -> tuple[list[str], list[str]]:
    """What the proof proves, and what it does not."""
    if receipt is None:
        return [], []
    if bundle.proof is None or checkpoint is None:
        return [], [_(PROMISED)]
    words = {"name": checkpoint.origin, "index": bundle.proof.index, "size": checkpoint.size}
    if key is None:
        return [_(IN_TREE).format(**words)], [_(NO_LOG_KEY).format(**words)]
    return [_(IN_LOG).format(**words)], [_(ONE_VIEW)]


def _verified(name: str, data: bytes, key: str | None) -> tuple[Bundle, Statement, Receipt | None]:
    from joulemark.record.bundle import parse, verified_statement
    from joulemark.record.errors import RecordError

    try:
        bundle = parse(data)
        return bundle, verified_statement(bundle, public_key=key), _receipt(bundle)
    except RecordError as error:
        raise NotVerified(
            _("{name} is not verified ({code}): {error}").format(name=name, code=error.code, error=error),
            code=error.code,
        ) from error


def _receipt(bundle: Bundle) -> Receipt | None:
    if bundle.receipt is None:
        return None
    from joulemark.log.proofs import check_leaf
    from joulemark.record.receipts import verified_receipt

    receipt = verified_receipt(bundle.receipt, result_id=bundle.digest())
    check_leaf(receipt)
    return receipt


def _checkpoint(
    name: str, bundle: Bundle, receipt: Receipt | None, key: VerifierKey | None
) -> Checkpoint | None:
    """The checkpoint to which the proof leads; None where there is no proof."""
    if bundle.proof is None or receipt is None:
        return None
    from joulemark.log.proofs import verified_proof
    from joulemark.record.errors import RecordError

    try:
        return verified_proof(bundle.proof, receipt=receipt, key=key)
    except RecordError as error:
        raise NotVerified(
            _("{name} is not verified ({code}): {error}").format(name=name, code=error.code, error=error),
            code=error.code,
        ) from error


def _stored_log_key(bundle: Bundle, receipt: Receipt | None) -> VerifierKey | None:
    """The log key that was kept when this machine enrolled at the platform; None where it did not."""
    if bundle.proof is None or receipt is None:
        return None
    from joulemark.config import load
    from joulemark.identity import enrolment

    stored = enrolment(load().folders, receipt.audience)
    return _log_key(stored.platform.log_key) if stored and stored.platform.log_key else None


def _log_key(text: str | None) -> VerifierKey | None:
    if text is None:
        return None
    from joulemark.log.notes import VerifierKey
    from joulemark.record.errors import RecordError

    try:
        return VerifierKey.parse(text.strip())
    except RecordError as error:
        raise UsageError(
            _("--log-key takes a log's key in the form that its platform shows: {error}").format(error=error)
        ) from error


def _key(text: str | None) -> str | None:
    if text is None:
        return None
    key = text.strip().lower()
    if len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise UsageError(_("--key takes 64 hex digits: a raw Ed25519 public key."))
    return key


def _read(name: str) -> bytes:
    from joulemark.record.limits import MAX_BUNDLE_BYTES

    try:
        with open(name, "rb") as file:  # noqa: PTH123  pathlib costs more than the reading
            return file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise UsageError(_("{name} cannot be read: {why}.").format(name=name, why=error.strerror)) from error
