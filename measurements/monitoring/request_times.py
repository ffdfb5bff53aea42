"""How long requests take, by route: measured where they are answered, and added up over the processes of one gunicorn.

Each process writes its numbers into a file of its own in the folder that gunicorn's configuration makes
(PROMETHEUS_MULTIPROC_DIR); a scrape that reaches any of them adds all up. Without that folder, in a test, they are in
memory.
"""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS_S = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0)
"""Upper bounds in seconds: what a kept page takes, a computed one, an upload, and what is too long."""

_IN_MEMORY = CollectorRegistry()
_SECONDS = Histogram(
    "joulemark_request_seconds",
    "Seconds from the first byte to the last that the platform made",
    ["route"],
    buckets=BUCKETS_S,
    registry=_IN_MEMORY,
)
_REQUESTS = Counter(
    "joulemark_requests",
    "Requests that were answered",
    ["method", "route", "status"],
    registry=_IN_MEMORY,
)
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


def observe_request(*, method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered. `route` is the pattern of its address, never the address."""
    _SECONDS.labels(route).observe(seconds)
    _REQUESTS.labels(method if method in METHODS else "other", route, str(status)).inc()


def exposition_of_requests() -> bytes:
    """The numbers of all processes in the text format of Prometheus."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(_IN_MEMORY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
