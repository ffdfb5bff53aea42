"""A file that is only written, whose bytes are taken out as they come."""

from __future__ import annotations

from typing import Any


class Pieces:
    """What was written since the last look; as much of a file as pyarrow asks of one."""

    def __init__(self) -> None:
        self.closed = False
        self._pieces: list[bytes] = []
        self._length = 0

    def write(self, piece: Any) -> int:
        """Set the piece aside."""
        written = bytes(piece)
        self._pieces.append(written)
        self._length += len(written)
        return len(written)

    def tell(self) -> int:
        """How much was written so far."""
        return self._length

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The file is complete."""
        self.closed = True

    def take(self) -> bytes:
        """What was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
