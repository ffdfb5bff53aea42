"""JSON in which a name stands twice in one object: two readers may see two different things in it."""

from __future__ import annotations

import json
from typing import Any

from joulemark.record.errors import Malformed


def refuse_duplicate_names(data: bytes, *, what: str) -> None:
    """Raises Malformed (JM-DUPLICATE-NAME) when any object in `data` has a name twice. `data` is valid JSON."""

    def once(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise Malformed("JM-DUPLICATE-NAME", f"The {what} gives a name twice in one object.")

    json.loads(data, object_pairs_hook=once)
