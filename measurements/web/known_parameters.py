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
        listed = ", ".join(there_are)
        rest = f"there are: {listed}." if listed else "there is none."
        super().__init__(f"There is no parameter “{name[:MOST_NAME]}” here. Leave it out; {rest}")


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
