"""`joulemark verify FILE`: is it unchanged, and by whom.

Offline; needs no key, no platform and no configuration.
"""

from __future__ import annotations

from joulemark.cli.output import Output
from joulemark.errors import NotVerified, UsageError

TYPE_CHECKING = False  # not from typing: importing that is a tenth of this command's start
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from joulemark.record.bundle import Bundle
    from joulemark.record.messages import Receipt
    from joulemark.record.statement import Statement

PROVED = "proved: signed by this key, and neither the statement nor the trace was changed since"
ANYONE = "not proved: whose key it is. Compare it with one you have from its owner, or give it with --key"
TRUTH = "not proved: that the numbers are true. A signature says who claims them, not that they hold"
RECEIVED = (
    "proved: the receipt is for this result, and was not changed since the platform key in it signed it"
)
PLATFORM = (
    "not proved: whose platform key that is. Compare it with the one at the platform's /api/v1/platform"
)


def add_arguments(parser: ArgumentParser) -> None:
    """One file, and optionally the key that it must be by."""
    parser.add_argument("file", metavar="FILE", help="a result, *.joulemark.json")
    parser.add_argument(
        "--key", metavar="HEX", help="the contributor's public key, 64 hex digits, had from a trusted place"
    )


def execute(arguments: Namespace) -> int:
    """0 when all fits; NotVerified (3) when anything does not; UsageError (2) when there is no such file."""
    import gc

    key = _key(arguments.key)
    data = _read(arguments.file)
    collecting = gc.isenabled()
    gc.disable()  # else a sixth of this command's time is spent on collections while imports build classes
    try:
        bundle, statement, receipt = _verified(arguments.file, data, key)
    finally:
        if collecting:
            gc.enable()
    predicate = statement.predicate
    proved = [PROVED, *([RECEIVED] if receipt else [])]
    not_proved = [*([] if key else [ANYONE]), *([PLATFORM] if receipt else []), TRUTH]
    output = Output(as_json=arguments.json)
    output.say(f"verified  {arguments.file}")
    output.say(f"result    {bundle.digest()}")
    output.say(f"key       {predicate.contributor.public_key}{' (the one you gave)' if key else ''}")
    output.say(f"claims    {predicate.totals.energy_per_query_j:.6g} J a query, {predicate.sensor.grade}")
    if receipt:
        output.say(
            f"receipt   leaf {receipt.leaf_index}, received at {receipt.received_at.isoformat(timespec='seconds')} "
            f"by {receipt.audience}, key {receipt.public_key}"
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
            "proved": proved,
            "not_proved": not_proved,
        }
    )
    return 0


def _verified(name: str, data: bytes, key: str | None) -> tuple[Bundle, Statement, Receipt | None]:
    from joulemark.record.bundle import parse, verified_statement
    from joulemark.record.errors import RecordError

    try:
        bundle = parse(data)
        return bundle, verified_statement(bundle, public_key=key), _receipt(bundle)
    except RecordError as error:
        raise NotVerified(f"{name} is not verified ({error.code}): {error}", code=error.code) from error


def _receipt(bundle: Bundle) -> Receipt | None:
    if bundle.receipt is None:
        return None
    from joulemark.record.receipts import verified_receipt

    return verified_receipt(bundle.receipt, result_id=bundle.digest())


def _key(text: str | None) -> str | None:
    if text is None:
        return None
    key = text.strip().lower()
    if len(key) != 64 or set(key) - set("0123456789abcdef"):
        raise UsageError("--key takes 64 hex digits: a raw Ed25519 public key.")
    return key


def _read(name: str) -> bytes:
    from joulemark.record.limits import MAX_BUNDLE_BYTES

    try:
        with open(name, "rb") as file:  # noqa: PTH123  pathlib costs more than the reading
            return file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from error
