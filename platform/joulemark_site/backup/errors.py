"""What can go wrong with a backup or a restore."""

from __future__ import annotations


class BackupError(Exception):
    """Nothing was written or replaced; `str(error)` begins with a code and says what to do next."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code} {sentence}")
        self.code = code
