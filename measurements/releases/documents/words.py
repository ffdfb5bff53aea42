"""What every description of a release says of it, in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from joulemark.release.manifest import Manifest

AUTHOR = "The Joulemark contributors"
KEYWORDS = (
    "energy",
    "artificial intelligence",
    "inference",
    "machine learning",
    "measurement",
    "sustainability",
)
STUDY_DOI = "10.1145/3630106.3658542"


def title_of(manifest: Manifest) -> str:
    """The title of a release."""
    simulated = " (simulated, not measured)" if manifest.simulated else ""
    return f"Joulemark {manifest.name}: measured energy of AI inference, with evidence{simulated}"


def address_of(name: str, *, files: str) -> str:
    """Where a reader finds the release with this name; `files` is the address of the root, with a slash at its end."""
    return f"{files}{name}/README.md"


def description_of(manifest: Manifest) -> str:
    """What it holds, in a few sentences."""
    warning = (
        "The results of this release come from a simulated crowd: nobody measured them, and they must not be cited. "
        if manifest.simulated
        else ""
    )
    return (
        f"{warning}Energy of AI answers as volunteers measured it: {manifest.counts.get('results', 0)} results with "
        "their raw traces and signed evidence, the verdicts of the rules, the values combined of them with their "
        "uncertainties, and the public log of everything that was received and decided. Every value can be recomputed "
        "from the evidence with `joulemark replay`."
    )
