"""The hub where models and data sets are: what a name stands for today, asked over HTTP and written into a lock.

`HubClient` asks, `pin` makes a suite's lock, `plan_fetch` says what the cache lacks and `fetch` gets it.
"""

from joulemark.hub.client import DEFAULT_HUB, HubClient
from joulemark.hub.fetching import fetch
from joulemark.hub.missing import Fetch, FetchTarget, plan_fetch
from joulemark.hub.pin import pin

__all__ = ["DEFAULT_HUB", "Fetch", "FetchTarget", "HubClient", "fetch", "pin", "plan_fetch"]
