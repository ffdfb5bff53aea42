"""This machine and what it reaches: time zone, and the hub from which suites are pinned."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

from joulemark_site.doctor.finding import Check, Finding, warning

HUB = "https://huggingface.co"
LIMIT_S = 5.0


def time_zone() -> Iterator[Finding]:
    """Lines of the log have the time of the machine."""
    if time.localtime().tm_gmtoff != 0:
        yield warning(
            "JM-TIME-ZONE",
            "TZ",
            "This machine's time zone is not UTC: times in the log's lines differ from those on pages.",
            "Set TZ=UTC for the platform's processes.",
        )


def hub() -> Iterator[Finding]:
    """Whether `pin_suite` could ask the hub; nothing else needs it."""
    address = os.environ.get("HF_ENDPOINT") or HUB
    if not address.startswith(("http://", "https://")):
        yield warning("JM-HUB-ADDRESS", "HF_ENDPOINT", "HF_ENDPOINT is no http address.", "Correct it.")
        return
    request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - http or https, as checked
    try:
        with urllib.request.urlopen(request, timeout=LIMIT_S):  # noqa: S310 - the same
            return
    except urllib.error.HTTPError:
        return  # it answers
    except (OSError, ValueError):
        yield warning(
            "JM-HUB-AWAY",
            "HF_ENDPOINT",
            "The hub does not answer from here: `manage.py pin_suite` cannot pin.",
            "Allow this machine to reach it, or pin elsewhere and copy the folder.",
        )


CHECKS = [Check("time zone", time_zone), Check("hub", hub)]
