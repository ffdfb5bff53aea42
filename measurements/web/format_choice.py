"""Which of its formats an address answers in: what its own name or the question says, else what the client accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from rest_framework.exceptions import APIException, NotAcceptable
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation

from measurements.web.known_parameters import FORMAT, nothing_named
from measurements.web.openapi import OCTETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rest_framework.parsers import BaseParser
    from rest_framework.renderers import BaseRenderer
    from rest_framework.request import Request
    from rest_framework.views import APIView


class FormatRefused(APIException):
    """The question names a format that there is not at its address."""

    status_code = 400
    problem_code = "JM-QUERY-VALUE"

    def __init__(self, name: str, there_are: Iterable[str]) -> None:
        super().__init__(nothing_named(FORMAT, name, there_are))


class AnyFormat(DefaultContentNegotiation):
    """For every address that does not name its format itself (`OneFormat`).

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
        try:
            return super().filter_renderers(every, format)
        except Http404 as error:
            raise FormatRefused(format, [str(renderer.format) for renderer in every]) from error


def bytes_type(request: Request, own: str) -> str:
    """Return the media type of bytes that the client names first: `own` or plain bytes; without either, `own`."""
    accepted = (part.partition(";")[0].strip() for part in request.headers.get("Accept", "").split(","))
    return next((kind for kind in accepted if kind in {OCTETS, own}), own)


class OneFormat(BaseContentNegotiation):
    """For an address that names its format: whatever the client accepts, that is what it gets."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """The only parser of the view."""
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The only renderer of the view, with its media type."""
        only = next(iter(renderers))
        return only, only.media_type


def as_file(view: type[APIView], name: str) -> Callable[..., Any]:
    """A view for an address that ends in the name of a format: it answers with that renderer of the view alone."""
    renderers = [renderer for renderer in view.renderer_classes if renderer.format == name]
    return view.as_view(renderer_classes=renderers, content_negotiation_class=OneFormat)
