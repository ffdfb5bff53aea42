"""One attempt to deliver a message: a POST to a pinned address, within a time, following nothing."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from django.utils import timezone

from joulemark.exchange_limits import Exchange, ExchangeLimits, limited_by
from joulemark.patience import retry_after_s
from measurements.web.outward_client import outward_client
from measurements.webhooks.destinations import NotAllowed, resolve
from measurements.webhooks.signing import BadSecret, headers

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMITS = ExchangeLimits(total_s=15.0)
"""Of an attempt, from the first byte to the headers of the answer: its body is not read."""
TIMEOUT = httpx.Timeout(LIMITS.total_s, connect=5.0)
"""Of each step: a receiver may take all of the time to answer, but not to be connected to."""
USER_AGENT = "Joulemark-Webhooks/1"


@dataclass(frozen=True, kw_only=True)
class WebhookMessage:
    """What is sent: `body` is the exact JSON; `secrets` sign it."""

    address: str
    message_id: str
    body: bytes
    secrets: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """How an attempt went: `status` of the answer, None without one; `fault` is empty for a delivered message.

    `retry_after_s` is the pause that the receiver asks for, if it does.
    """

    status: int | None
    fault: str
    retry_after_s: float | None
    took_s: float

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return not self.fault


def send(message: WebhookMessage) -> Attempt:
    """Send a message once; every failure is an attempt with a fault."""
    began_s = time.monotonic()
    try:
        status, pause_s = _post(message)
    except (NotAllowed, BadSecret) as error:
        return Attempt(status=None, fault=str(error), retry_after_s=None, took_s=time.monotonic() - began_s)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, UnicodeError) as error:
        fault = f"It gives no answer ({type(error).__name__})."
        return Attempt(status=None, fault=fault, retry_after_s=None, took_s=time.monotonic() - began_s)
    fault = "" if 200 <= status < 300 else f"It answers {status}."
    return Attempt(status=status, fault=fault, retry_after_s=pause_s, took_s=time.monotonic() - began_s)


def _post(message: WebhookMessage) -> tuple[int, float | None]:
    """The status of the answer and the pause that it asks for.

    Raises NotAllowed, BadSecret, httpx.HTTPError or OSError.
    """
    destination = resolve(message.address)
    now = timezone.now()
    signed = headers(
        message.secrets, message_id=message.message_id, timestamp=int(now.timestamp()), body=message.body
    )
    with (
        outward_client(TIMEOUT) as client,
        limited_by(Exchange(LIMITS)),
        client.stream(
            "POST",
            destination.url,
            content=message.body,
            headers={
                "Host": destination.host_header,
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
                **signed,
            },
            extensions={"sni_hostname": destination.host},
        ) as answer,
    ):
        return answer.status_code, retry_after_s(answer.headers.get("retry-after"), now)
