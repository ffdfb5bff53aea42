"""Every address of the URL configuration, found by walking it: for laws that must hold at each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import override

ADMIN = "admin/"
ENGLISH = "en"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One pattern: its text with a place for each parameter, the names of these, and its view."""

    text: str
    parameters: tuple[str, ...]
    view: Any

    @property
    def is_api(self) -> bool:
        """Whether it is under /api/."""
        return self.text.startswith("api/")

    @property
    def methods(self) -> frozenset[str]:
        """The methods that its view has a body for."""
        view_class = getattr(self.view, "view_class", None) or getattr(self.view, "cls", None)
        if view_class is None:
            return frozenset({"get"})
        return frozenset(name for name in ("get", "post", "put", "delete") if hasattr(view_class, name))

    def address(self, values: Mapping[str, str]) -> str:
        """The path with these values in place of the parameters."""
        return "/" + self.text.format(**values)


def routes(*, admin: bool = False) -> list[Route]:
    """Every pattern of the platform, of pages those in English; those of Django's admin where asked for."""
    with override(ENGLISH):
        every = [_route(parts) for parts in _walk(get_resolver().url_patterns, ())]
    return [route for route in every if admin or not route.text.startswith(ADMIN)]


def _walk(patterns: Sequence[Any], before: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, (*before, pattern))
        elif isinstance(pattern, URLPattern):
            yield (*before, pattern)


def _route(parts: tuple[Any, ...]) -> Route:
    written = "".join(_written(part.pattern) for part in parts)
    return Route(text=written, parameters=tuple(re.findall(r"\{(\w+)\}", written)), view=parts[-1].callback)


def _written(pattern: Any) -> str:
    """`path` and `re_path` alike with `{name}` for a parameter. Raises AssertionError for what it cannot read."""
    text = str(pattern)
    if hasattr(pattern, "_route"):
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)
    text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\\.|\[[^]]*\])*\)", r"{\1}", text.removeprefix("^"))
    text = re.sub(r"(\\Z|\$)$", "", text).replace("\\.", ".")
    assert not re.search(r"[\\()?*+^$]", text) or text.startswith("."), (
        f"this pattern is not understood: {text}"
    )
    return text


def filled(route: Route, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The route's addresses with every combination of these values of its parameters."""
    for chosen in product(*(values[name] for name in route.parameters)):
        yield route.address(dict(zip(route.parameters, chosen, strict=True)))
