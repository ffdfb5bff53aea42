"""How schemathesis writes a body of our own media type: bytes as they are drawn."""

from __future__ import annotations

import schemathesis


@schemathesis.serializer("application/vnd.joulemark.bundle+jsonl")
def lines_of_bundles(_context: object, value: object) -> bytes:
    """The batch door takes lines; what is drawn is any bytes."""
    return value if isinstance(value, bytes) else str(value).encode()
