"""The client by which the platform sends to strangers: it follows nothing, reads no environment and has a time in all.

A receiver that sends one byte before each timeout of a read would hold a worker for ever; within `limited_by` every
connection, read and write is of one exchange. Certificates are loaded once, which takes longer than most exchanges.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import httpx

from joulemark.exchange_limits import limit_transport

if TYPE_CHECKING:
    import ssl


def outward_client(timeout: httpx.Timeout) -> httpx.Client:
    """A client for one exchange with `timeout` for each of its steps; use it within `limited_by`, and close it."""
    transport = limit_transport(httpx, httpx.HTTPTransport(verify=_authorities(), trust_env=False))
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=timeout)


@cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
