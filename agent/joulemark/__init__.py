"""Measure what an AI answer costs in energy. What is loaded at first need has its type in `__init__.pyi`."""

__all__ = ["__version__", "open_release"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`open_release`, loaded when it is first asked for: no command, and no pure room, pays for it at its start."""
    if name == "open_release":
        from importlib import import_module

        return import_module("joulemark.reader.release").open_release
    raise AttributeError(name)
