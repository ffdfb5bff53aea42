"""Which environment variables there are, and which of those that are set look like a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

PREFIX = "JOULEMARK_"
SETTING_NAMES: set[str] = set()
"""The variables that this process has read; `environment.reader` adds each."""
OF_OTHERS = frozenset(
    {
        "JOULEMARK_BIND",  # of Procfile
        *(
            "JOULEMARK_SERVER_NAME",
            "JOULEMARK_UPSTREAM",
            "JOULEMARK_FILES",
            "JOULEMARK_TLS",
            "JOULEMARK_ACME",
        ),
        *("JOULEMARK_HTTP", "JOULEMARK_HTTPS"),  # the proxy's
        *("JOULEMARK_PLATFORM", "JOULEMARK_PASSPHRASE", "JOULEMARK_LANG"),  # the agent's
        *("JOULEMARK_LAW_EXAMPLES", "JOULEMARK_JOURNEY", "JOULEMARK_CHROMIUM"),  # tests
        *("JOULEMARK_BUNDLE_HOOK", "JOULEMARK_BUNDLE_DEVICE", "JOULEMARK_REHEARSAL_PYTHON"),
    }
)
"""Of programs that run beside the platform."""
OF_TESTS = ("JOULEMARK_TEST_", "JOULEMARK_BENCH_")
SERVICES = ("DATABASE_URL", "DATABASE_PASSWORD_FILE", "REDIS_URL")
NEAR = 0.8
"""The least likeness of a misspelt name with the one that was meant, by difflib, without the prefix."""
NEAR_SERVICE = 0.85


@dataclass(frozen=True)
class UnknownName:
    """A variable that is set and that nothing reads. `nearest` is the known name that was probably meant."""

    name: str
    nearest: str | None

    @property
    def is_misspelt(self) -> bool:
        """Whether it is one of ours with a slip, and not merely unknown."""
        return self.nearest is not None and self.nearest.startswith(PREFIX)


def unknown_names(environment: Mapping[str, str]) -> list[UnknownName]:
    """The variables that look like settings of this platform and are none, in alphabetical order."""
    candidates = SETTING_NAMES | OF_OTHERS
    unknown = []
    for name in sorted(environment):
        upper = name.upper()
        if name in candidates or name in SERVICES or name.startswith(OF_TESTS):
            continue
        if upper.startswith("JOU"):
            nearest = _nearest(upper, candidates, NEAR)
            if upper.startswith(PREFIX) or nearest is not None:
                unknown.append(UnknownName(name, nearest))
        elif upper.startswith(("DATAB", "REDIS")) and (nearest := _nearest(upper, SERVICES, NEAR_SERVICE)):
            unknown.append(UnknownName(name, nearest))
    return unknown


def _nearest(name: str, candidates: Iterable[str], least: float) -> str | None:
    """The known name that is most like `name`, if one is like it enough."""
    short = name.removeprefix(PREFIX)
    ratios = {
        candidate: SequenceMatcher(
            None, short, candidate.removeprefix(PREFIX) if short != name else candidate
        ).ratio()
        for candidate in candidates
    }
    best = max(sorted(ratios), key=ratios.__getitem__, default=None)
    return best if best is not None and ratios[best] >= least else None
