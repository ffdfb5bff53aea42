"""Asking witnesses for cosignatures: C2SP tlog-witness `add-checkpoint`, with the log as the client.

settings.LOG_WITNESS_ADDRESSES names the submission prefix of each witness that is asked; a witness without one comes by
itself (`joulemark witness`). What a witness answers counts once its signature is verified, and nothing else of it does.
"""

from __future__ import annotations

import logging
import secrets
import ssl
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from django.conf import settings
from django.utils import timezone

from joulemark.exchange_limits import Exchange, ExchangeLimits, limited_by
from joulemark.log.add_checkpoint import PATH, SIZE_TYPE, TEXT_TYPE, AddCheckpoint, own_line, parse_size
from joulemark.log.tiles import consistency_proof
from joulemark.record.errors import RecordError
from measurements.concurrency.advisory_locks import alone
from measurements.ledger import tile_store
from measurements.ledger.errors import WrongClock
from measurements.ledger.models import Checkpoint, WitnessState
from measurements.ledger.witnesses import require_plausible_time, store_lines
from measurements.web.outward_client import outward_client

if TYPE_CHECKING:
    from joulemark.log.notes import VerifierKey

logger = logging.getLogger(__name__)

LOCK = 0x4A4D_5749_54
"""Key of PostgreSQL's advisory lock: of two processes that ask, the later one would be told another size each time."""
TIMEOUT = httpx.Timeout(5.0)
"""The longest silence of a witness within one request."""
LIMITS = ExchangeLimits(total_s=15.0)
"""Of one request, to the last byte of the answer."""
BUDGET_S = 30.0
"""How long one round asks witnesses; the next round goes on with the others."""
MAX_ANSWER_BYTES = 64 * 1024
MAX_TRIES = 3
"""Requests to one witness in a round: after a 409 with a size the next one has the proof from there."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 3600.0
"""Between two rounds in which a witness fails: twice as long each time, less up to a fifth by chance."""


class NoCosignature(Exception):
    """A witness gave no cosignature; `str(error)` says why, for the operator."""


@dataclass(frozen=True, kw_only=True)
class WitnessAnswer:
    """The status, content type and body of an answer."""

    status: int
    content_type: str
    body: bytes


def ask_witnesses() -> int:
    """Ask each witness for a cosignature of the last checkpoint that lacks one; how many gave one.

    Safe to call at any time and any number of times. A witness that fails is named in its `WitnessState` and asked
    again after a pause, which grows.
    """
    with alone(LOCK) as is_first:
        if not is_first:
            return 0
        return _ask_all(time.monotonic() + BUDGET_S)


def _ask_all(end_s: float) -> int:
    checkpoint = Checkpoint.objects.last()
    if checkpoint is None:
        return 0
    cosigned = set(checkpoint.cosignatures.values_list("witness", flat=True))
    states = WitnessState.objects.in_bulk()
    due = [
        (key, address)
        for key, address in settings.LOG_WITNESS_ADDRESSES.items()
        if key.encode() not in cosigned
        and not ((state := states.get(key.encode())) and state.next_at > timezone.now())
    ]
    n_cosigned = 0
    for key, address in sorted(due, key=lambda pair: _last_try(states.get(pair[0].encode()))):
        if time.monotonic() > end_s:
            break
        n_cosigned += _ask(key, address, checkpoint, states.get(key.encode()))
    return n_cosigned


def _last_try(state: WitnessState | None) -> float:
    return state.tried_at.timestamp() if state else 0.0


def _ask(key: VerifierKey, address: str, checkpoint: Checkpoint, before: WitnessState | None) -> bool:
    """Ask one witness, and write down how it went; whether it has cosigned."""
    state = before or WitnessState(witness=key.encode(), tried_at=timezone.now(), next_at=timezone.now())
    try:
        line = _request_line(key, address, checkpoint, state.size)
        store_lines(checkpoint, {key: line})
    except (NoCosignature, OSError) as error:  # OSError: a file of the log cannot be read or written
        state.failures += 1
        state.fault = str(error)
        logger.warning("JM-LOG-WITNESS %s: %s", key.name, error)
    else:
        state.failures, state.fault, state.size = 0, "", checkpoint.size
    state.tried_at = timezone.now()
    state.next_at = state.tried_at + timedelta(seconds=pause_s(state.failures))
    state.save()
    return not state.failures


def pause_s(failures: int) -> float:
    """Seconds until a witness that has failed so often in a row is asked again; 0 for one that has not."""
    if not failures:
        return 0.0
    pause = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 20), LONGEST_PAUSE_S)
    return pause * (1 - secrets.randbelow(200) / 1000)


def _request_line(key: VerifierKey, address: str, checkpoint: Checkpoint, size: int) -> str:
    """The witness's verified line; `size` is what it has cosigned as far as is known. Raises NoCosignature or OSError.

    What a 409 says of its size counts for the next request alone: nobody has signed it.
    """
    for _attempt in range(MAX_TRIES):
        if size > checkpoint.size:
            raise NoCosignature(
                f"It has cosigned {size} entries, and this log has {checkpoint.size}: this platform is older "
                "than what it has signed, or another log is signed with its key."
            )
        try:
            proof = consistency_proof(size, checkpoint.size, tile_store.read_tile)
        except RecordError as error:
            raise NoCosignature(f"This log cannot prove that it continues {size} entries: {error}") from error
        request = AddCheckpoint(old_size=size, proof=tuple(proof), note=checkpoint.note)
        answer = _exchange(address, request)
        if answer.status == 200:
            return _verified_line(key, checkpoint, answer)
        named = parse_size(answer.body) if answer.status == 409 and answer.content_type == SIZE_TYPE else None
        if named is None or named == size:
            raise NoCosignature(_refusal(answer))
        size = named
    raise NoCosignature("It named another size with every answer; somebody else submits this log, too.")


def _verified_line(key: VerifierKey, checkpoint: Checkpoint, answer: WitnessAnswer) -> str:
    try:
        line, signer = own_line(checkpoint.note, answer.body.decode(), key=key)
    except (UnicodeDecodeError, RecordError) as error:
        raise NoCosignature(f"What it answers is no cosignature of it: {error}") from error
    try:
        require_plausible_time(signer, checkpoint)
    except WrongClock as error:
        raise NoCosignature(str(error)) from error
    return line


def _refusal(answer: WitnessAnswer) -> str:
    meaning = {
        400: "it does not understand the request",
        403: "it does not trust the key of this log",
        404: "it does not know this log",
        409: "it has cosigned another tree of this size: show the evidence, and see docs/operations.md",
        422: "it does not believe that this log continues what it has cosigned",
    }.get(answer.status, "see its own log")
    return f"It answers {answer.status}: {meaning}."


def _exchange(address: str, request: AddCheckpoint) -> WitnessAnswer:
    """One request. Raises NoCosignature where there is no answer, or one that is too long."""
    headers = {"Content-Type": TEXT_TYPE, "Accept-Encoding": "identity"}
    try:
        with (
            outward_client(TIMEOUT) as client,
            limited_by(Exchange(LIMITS)),
            client.stream("POST", f"{address}/{PATH}", content=request.encode(), headers=headers) as answer,
        ):
            body = b""
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise NoCosignature("Its answer is too long.")
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, UnicodeError) as error:
        raise NoCosignature(f"It gives no answer ({type(error).__name__}).") from error
    content_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return WitnessAnswer(status=answer.status_code, content_type=content_type, body=body)
