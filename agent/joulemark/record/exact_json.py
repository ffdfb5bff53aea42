"""The one encoding of JSON whose digest the log keeps: equal values give equal bytes, to the last digit."""

from __future__ import annotations

import json


def exact_text(value: object) -> str:
    """The one encoding: ASCII, names sorted, no spaces. Raises ValueError for NaN and infinities, which JSON lacks.

    Python's `json` writes the shortest digits that give the same double again.
    """
    return json.dumps(value, allow_nan=False, ensure_ascii=True, separators=(",", ":"), sort_keys=True)
