"""huggingface_hub set to take our way to the hub, with a token, and called again where a server was busy."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulemark import network
from joulemark.errors import UsageError
from joulemark.exchange_limits import ExchangeLimits
from joulemark.hub.client import DEFAULT_HUB, hub_origin
from joulemark.hub.fetch_errors import translated
from joulemark.translation import gettext as _
from joulemark.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulemark.hub.missing import FetchTarget

FILE_LIMITS = ExchangeLimits(least_bytes=300_000, rate_s=60.0)
"""Of a file, which may be large: no time for all of it, but 5 kB a second, over a minute. Silence the library ends."""
SETTINGS = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
"""Environment that the hub's library reads once, when it is loaded: nothing but files is asked, and no bar drawn."""


@dataclass(frozen=True)
class HubAccess:
    """Where files are asked for, and the token that is sent there."""

    origin: str
    token: str | None


def open_access(origin: str | None, token: str | None) -> HubAccess:
    """The hub that is meant, and its library set to take the same way there as everything else. Raises UsageError."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    used_origin = hub_origin(origin or os.environ.get("HF_ENDPOINT") or DEFAULT_HUB)
    set_library_up(used_origin)
    return HubAccess(used_origin, token or network.token() or _stored_token())


def set_library_up(origin: str) -> None:
    """huggingface_hub asks through our factory. Its second way, xet, has a client of its own, which knows no proxy."""
    import httpx2
    from huggingface_hub import constants, set_client_factory
    from huggingface_hub.utils._http import hf_request_event_hook

    network.require_way(httpx2, origin)
    set_client_factory(
        lambda: network.client(
            httpx2,
            limits=FILE_LIMITS,
            event_hooks={"request": [hf_request_event_hook]},
            follow_redirects=True,
            timeout=None,
        )
    )
    if network.has_settings():
        constants.HF_HUB_DISABLE_XET = True


def call_persistently(attempt: Callable[[], object], target: FetchTarget, file: str, hub: HubAccess) -> None:
    """Try again after pauses what a broken or busy server spoilt; where it did not answer at all, the library has."""
    from huggingface_hub.errors import HTTPError, LocalEntryNotFoundError

    def attempt_translated() -> None:
        try:
            attempt()
        except (OSError, RuntimeError, HTTPError) as error:
            raise translated(error, target, file, hub.origin) from error

    Waiting(hub.origin).call(
        attempt_translated,
        is_last=lambda failure: isinstance(failure.__cause__, LocalEntryNotFoundError),
    )


def _stored_token() -> str | None:
    """What `hf auth login` has kept, or None. Raises UsageError when it cannot be read or sent."""
    from huggingface_hub import constants, get_token

    try:
        token = get_token()
    except (OSError, ValueError) as error:
        raise UsageError(
            _(
                "The token in {hf_token_path} cannot be read. Remove it, or log in again: `hf auth login`."
            ).format(hf_token_path=constants.HF_TOKEN_PATH)
        ) from error
    return None if not token else network.checked_token(token, source=str(constants.HF_TOKEN_PATH))
