"""A question with a parameter that a view does not have is refused: a misspelt filter would show something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from rest_framework.exceptions import APIException

from measurements.web.as_of import PARAMETERS, honours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rest_framework.request import Request
    from rest_framework.views import APIView

View = TypeVar("View", bound="type[APIView]")
FORMAT = "format"
"""Every address takes it: it asks for a format, as Accept does."""
MOST_NAME = 80


class ParameterRefused(APIException):
    """The question has a parameter that there is not."""

    status_code = 400
    problem_code = "JM-QUERY-PARAMETER"

    def __init__(self, name: str, there_are: Iterable[str]) -> None:
        super().__init__(nothing_named("parameter", name, there_are))


def nothing_named(what: str, name: str, there_are: Iterable[str]) -> str:
    """The sentence that refuses a name: what it would name, the name cut where it is long, and which there are."""
    listed = ", ".join(there_are)
    rest = f"there are: {listed}." if listed else "there is none."
    return f"There is no {what} “{name[:MOST_NAME]}” here. Leave it out; {rest}"


def takes(*names: str) -> Callable[[View], View]:
    """Mark a view whose question may have these parameters, and those of a moment where it honours one."""

    def mark(view: View) -> View:
        initial = view.initial

        def checked(self: APIView, request: Request, *arguments: Any, **named: Any) -> None:
            initial(self, request, *arguments, **named)
            taken = [*names, *(PARAMETERS if honours(view) else ())]
            for name in request.GET:
                if name not in taken and name != FORMAT:
                    raise ParameterRefused(name, taken)

        view.initial = checked  # type: ignore[method-assign]  # that is what it is for
        return view

    return mark
