"""A code of the network that a run was announced from, from which nobody can tell the network.

It is keyed by the platform's secret and covers the job: the same network has one code among the tickets of a job, so
that the runs announced from it can be counted, and another code among those of every other job.
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

CODE_LENGTH = 32
"""Hexadecimal digits: 128 bits."""


def network_code(prefix: str | None, *, suite_digest: str, workload: str) -> str:
    """The code of a network prefix for a job; empty for None, of which nothing is known.

    `workload` is task, data set and model, joined by slashes.
    """
    if prefix is None:
        return ""
    digest = salted_hmac(
        "joulemark.intake.network", "\0".join((suite_digest, workload, prefix)), algorithm="sha256"
    )
    return digest.hexdigest()[:CODE_LENGTH]
