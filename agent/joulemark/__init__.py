"""Measure what an AI answer costs in energy."""

from __future__ import annotations

TYPE_CHECKING = False  # not from typing: importing that is a tenth of a command's start
if TYPE_CHECKING:
    from joulemark.reader.release import open_release

__all__ = ["__version__", "open_release"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`open_release`, loaded when it is first asked for, so that no command pays for it at its start."""
    if name == "open_release":
        from joulemark.reader.release import open_release

        return open_release
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
