"""A template of ours that names what its view does not give fails the test; Django would write nothing in its place."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from django.template.base import FilterExpression

OURS = (str(Path(__file__).parents[1] / "measurements"), str(Path(__file__).parents[1] / "platform"))


class UndefinedName(Exception):
    """A variable of a template that its context does not have."""


class StrictNames(str):
    """A value of an engine's `string_if_invalid`: raises for our own templates and is silent for those of libraries."""

    __slots__ = ()

    def __bool__(self) -> bool:
        """True where Django asks whether names that are missing are told; false as a value, as its own empty text is.

        It is a value where a related row does not exist, which templates ask by `{% if %}`.
        """
        asking = inspect.currentframe()
        asking = asking and asking.f_back
        return asking is not None and asking.f_code is FilterExpression.resolve.__code__

    def __mod__(self, variable: object) -> str:
        """Called by Django with the variable that could not be resolved."""
        origin = _rendered_template()
        if origin.startswith(OURS):
            raise UndefinedName(f"{origin}: {variable}")
        return ""


def strict_names() -> StrictNames:
    """Return the value; Django asks it whether it holds `%s`, to hand it the name."""
    return StrictNames("%s")


def _rendered_template() -> str:
    """The file of the innermost template that is being rendered."""
    frame = inspect.currentframe()
    while frame is not None:
        context: Any = frame.f_locals.get("context")
        template = getattr(getattr(context, "render_context", None), "template", None)
        if template is not None:
            return str(template.origin.name)
        frame = frame.f_back
    return ""
