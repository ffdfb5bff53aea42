"""Every address of the platform that answers GET, enumerated from its URL configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import override

NOT_OURS = ("admin/",)
OF_MONITORS = frozenset({"/livez", "/readyz", "/metrics", "/api/v1/health", "/doctor/reflection"})
"""They tell of this moment, to whoever watches the platform: no two answers are alike, and no reader is meant."""
PARAMETER = re.compile(r"<(?:\w+:)?(?P<plain>\w+)>|\(\?P<(?P<named>\w+)>[^)]*\)")


@dataclass(frozen=True)
class Route:
    """A route of the URL configuration: its pattern as written, and the names of its parameters."""

    pattern: str
    parameters: tuple[str, ...]

    def filled(self, values: Mapping[str, str]) -> str:
        """The address with these parameters in it."""
        path = PARAMETER.sub(lambda found: values[found["plain"] or found["named"]], self.pattern)
        return "/" + path.replace("^", "").replace(r"\Z", "").replace(r"\.", ".")


def routes() -> list[Route]:
    """Every route outside the admin and Django's own."""
    with override("en"):
        return [
            Route(pattern=pattern, parameters=tuple(a or b for a, b in PARAMETER.findall(pattern)))
            for pattern in _patterns(get_resolver().url_patterns, "")
            if not pattern.startswith(NOT_OURS)
        ]


def _patterns(entries: Sequence[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for entry in entries:
        pattern = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _patterns(entry.url_patterns, pattern)
        else:
            yield pattern


def addresses(values: Mapping[str, Sequence[str]]) -> list[str]:
    """Every route with every combination of `values` for its parameters; a parameter without a value is an error."""
    found = []
    for route in routes():
        combinations: list[dict[str, str]] = [{}]
        for name in route.parameters:
            combinations = [known | {name: value} for known in combinations for value in values[name]]
        found += [route.filled(combination) for combination in combinations]
    return found
