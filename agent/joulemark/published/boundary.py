"""The boundary of a published energy: what lies inside of the measurement, if there was one."""

from __future__ import annotations

from typing import Literal

BoundaryBeyondResults = Literal["wall", "modelled"]
"""Boundaries that are scopes of their own, and that no result of ours has."""

SeriesBoundary = Literal["gpu", "processor", "machine", BoundaryBeyondResults]
"""The GPU alone; processor and memory alone; GPU, processor and memory of the machine; the machine at its plug, with
its power supply; or no measurement at all: a number out of a model."""

MODELLED = "modelled"
"""Scope and boundary of an energy that nobody metered, and the grade of its series."""

BOUNDARIES: dict[str, SeriesBoundary] = {
    "gpu": "gpu",
    "cpu": "processor",
    "cpu+dram": "processor",
    "gpu+cpu": "machine",
    "gpu+cpu+dram": "machine",
    "node": "machine",
    "wall": "wall",
    "modelled": "modelled",
}


def boundary_of(scope: str) -> SeriesBoundary:
    """The boundary that a scope lies in. Raises KeyError for what is no scope of a published energy."""
    return BOUNDARIES[scope]
