"""Which of its formats an address answers in: what the question names, else what the client accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import APIException, NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation

from measurements.web.known_parameters import FORMAT, nothing_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request


class FormatRefused(APIException):
    """The question names a format that there is not at its address."""

    status_code = 400
    problem_code = "JM-QUERY-VALUE"

    def __init__(self, name: str, there_are: Iterable[str]) -> None:
        super().__init__(nothing_named(FORMAT, name, there_are))


class AnyFormat(DefaultContentNegotiation):
    """For every address that does not name its format itself (`csv_renderer.OneFormat`).

    Where the client accepts nothing that there is, it gets the first (RFC 9110, 12.4.1): one that names the media type
    of what it asks for (a bundle, a problem document) is no reason to refuse it.
    """

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """What is accepted, else the first."""
        every = list(renderers)
        try:
            chosen: tuple[BaseRenderer, str] = super().select_renderer(request, every, format_suffix)
        except NotAcceptable:
            return every[0], every[0].media_type
        return chosen

    def filter_renderers(
        self,
        renderers: Iterable[BaseRenderer],
        format: str,  # noqa: A002 - its library's name
    ) -> list[BaseRenderer]:
        """Those of the format that the question names.

        Raises FormatRefused where there is none: an address that is there is not said to be missing.
        """
        every = list(renderers)
        named = [renderer for renderer in every if renderer.format == format]
        if not named:
            raise FormatRefused(format, [str(renderer.format) for renderer in every])
        return named
