"""What can go wrong with a static copy."""

from __future__ import annotations


class SiteCopyError(Exception):
    """No copy was made; `str(error)` begins with a code and says what to do next."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code} {sentence}")
        self.code = code
