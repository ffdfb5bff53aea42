"""Volunteers: threads that send with the agent's own client, wait as it does, and store checked receipts."""

from __future__ import annotations

import queue
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from joulemark.errors import BadAnswer, BadReceipt, Refused, ServerFailed
from joulemark.patience import Pauses
from joulemark.platform_client import BUNDLE_TYPE, LARGEST_ANSWER_BYTES, PlatformClient
from joulemark.record.codec import decode, encode
from joulemark.record.requests import BatchAnswer
from joulemark.session.delivery import checked_receipt
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from joulemark.record.envelope import Envelope
    from joulemark.record.messages import PlatformKey
    from tests.faults.uploads import Parcel, Upload

PAUSES = Pauses(first_s=0.3, longest_s=3.0)
OUTAGE_LIMIT_S = 900.0
ANSWER_WITHIN_S = (3.0, 6.0, 12.0)
"""Some are less patient than others: they send again what is still under way."""
VANISHING_TIMEOUT_S = 5.0


class Agents:
    """`count` threads that take parcels from one queue until `close`."""

    def __init__(self, origin: str, key: PlatformKey, *, count: int, cafile: str) -> None:
        self._origin, self._key, self._cafile = origin, key, cafile
        self._waiting: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(count)]
        self.errors: list[str] = []
        """What an agent would have shown its user as final."""
        self.busy_answers = 0
        """Attempts that failed and were made again."""
        for thread in self._threads:
            thread.start()

    def send(self, parcels: list[Parcel]) -> None:
        """Have these sent, one after the other, by whoever is free."""
        for parcel in parcels:
            self._waiting.put(parcel)

    def close(self) -> None:
        """Return once all is sent."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self, number: int) -> None:
        patience_s = ANSWER_WITHIN_S[number % len(ANSWER_WITHIN_S)]
        waiting = Waiting(self._origin, limit_s=OUTAGE_LIMIT_S, pauses=PAUSES, seed=number)
        with PlatformClient(self._origin, waiting=waiting, answer_within_s=patience_s) as client:
            while (parcel := self._waiting.get()) is not None:
                try:
                    self._deliver(client, waiting, parcel)
                except Exception as error:  # noqa: BLE001 - a thread that ends would leave the others' work
                    self.errors.append(f"{type(error).__name__}: {error}")

    def _deliver(self, client: PlatformClient, waiting: Waiting, parcel: Parcel) -> None:
        if parcel.uploads[0].is_lost_on_the_way:
            self._send_and_vanish(parcel.uploads[0])
        elif parcel.is_batch:
            self._deliver_batch(client, waiting, parcel.uploads)
        else:
            self._deliver_single(client, waiting, parcel.uploads[0])

    def _deliver_single(self, client: PlatformClient, waiting: Waiting, upload: Upload) -> None:
        def attempt() -> Envelope:
            self._count(upload)
            return client.submit(upload.body)

        try:
            self._acknowledge(upload, waiting.call(attempt, answers=(Refused, BadAnswer)))
        except Refused as refused:
            upload.refusal = refused.code

    def _deliver_batch(self, client: PlatformClient, waiting: Waiting, uploads: tuple[Upload, ...]) -> None:
        """Send together what is not acknowledged yet; an item that failed on the platform's side is sent again."""
        left = list(uploads)

        def attempt() -> BatchAnswer:
            for upload in left:
                self._count(upload)
            body = b"".join(upload.body for upload in left)
            answer = client._attempt("POST", "results/batch", body, BUNDLE_TYPE, 16 * LARGEST_ANSWER_BYTES)
            return decode(answer.content, BatchAnswer, what="answer")

        while left:
            answer = waiting.call(attempt, answers=(Refused, BadAnswer))
            for upload, item in zip(tuple(left), answer.items, strict=True):
                if item.receipt is not None:
                    self._acknowledge(upload, item.receipt)
                elif item.status < 500:
                    upload.refusal = item.problem.code if item.problem else str(item.status)
                else:
                    continue
                left.remove(upload)
            if left and not waiting.wait("HTTP 503"):
                raise ServerFailed("items of a batch fail for good", status=503)

    def _acknowledge(self, upload: Upload, answer: Envelope) -> None:
        try:
            checked_receipt(answer, upload.result_id, self._key)
        except BadReceipt as error:
            self.errors.append(str(error))
            return
        upload.receipt = encode(answer)

    def _count(self, upload: Upload) -> None:
        self.busy_answers += upload.attempts > 0
        upload.attempts += 1

    def _send_and_vanish(self, upload: Upload) -> None:
        """The whole request, and nobody there to read the answer."""
        upload.attempts += 1
        host, port = urlsplit(self._origin).hostname, urlsplit(self._origin).port
        head = (
            f"POST /api/v1/results HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {BUNDLE_TYPE}\r\n"
            f"Content-Length: {len(upload.body)}\r\n\r\n"
        )
        context = ssl.create_default_context(cafile=self._cafile)
        with (
            suppress(OSError),
            socket.create_connection((str(host), port or 443), VANISHING_TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            connection.sendall(head.encode() + upload.body)
