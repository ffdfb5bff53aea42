"""Errors of the exports."""

from __future__ import annotations


class NotExportable(ValueError):
    """A form cannot hold this energy. `code` is stable; `str(error)` says why and which form can."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
