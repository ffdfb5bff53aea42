"""The hub where models and data sets are: what a name stands for today, asked over HTTP and written into a lock.

`HubClient` asks, `pin` makes a suite's lock. Nothing here downloads weights or rows.
"""

from joulemark.hub.client import DEFAULT_HUB, HubClient
from joulemark.hub.pin import pin

__all__ = ["DEFAULT_HUB", "HubClient", "pin"]
