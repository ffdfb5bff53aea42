"""Absolute addresses, from the origin under which this platform is known."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from rest_framework.pagination import PageNumberPagination
from rest_framework.utils.urls import remove_query_param, replace_query_param

from measurements.web.addresses import SHORT_DIGITS
from measurements.web.as_of import address_at
from measurements.web.languages import without_language

if TYPE_CHECKING:
    from datetime import datetime

    from measurements.web.as_of import Moment


class OriginPages(PageNumberPagination):
    """Pages whose links begin with this platform's origin, whatever host name the client has asked under."""

    def get_next_link(self) -> str | None:
        """The address of the next page."""
        page = self.page
        return self._link(page.next_page_number()) if page and page.has_next() else None

    def get_previous_link(self) -> str | None:
        """The address of the page before."""
        page = self.page
        return self._link(page.previous_page_number()) if page and page.has_previous() else None

    def _link(self, number: int) -> str:
        path = self.request.get_full_path() if self.request else ""
        here = f"{settings.ORIGIN}{path}"
        if number == 1:
            return str(remove_query_param(here, self.page_query_param))
        return str(replace_query_param(here, self.page_query_param, number))


def absolute(name: str, *args: str, moment: Moment | None = None, **query: str) -> str:
    """The absolute address of a named view with its query, carrying a moment on where one is given.

    That of a page has no language: data have none, and the address leads each reader to a page in theirs.
    """
    return f"{settings.ORIGIN}{without_language(address_at(moment, name, *args, **query))}"


def address_of_version(name: str, *args: str, at: datetime) -> str:
    """The absolute address of a named view that keeps showing what it shows since a time: what to cite."""
    return f"{absolute(name, *args)}?{urlencode({'as_of': exact_time(at)})}"


def exact_time(at: datetime) -> str:
    """A time in UTC as `as_of` takes it, with the microseconds of what is stored."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"


def bundle_url(result_id: str) -> str:
    """Where a bundle's exact bytes are."""
    return absolute("api-bundle", result_id)


def page_url(result_id: str) -> str:
    """Where a result's page is."""
    return absolute("result", result_id)


def short_url(result_id: str) -> str:
    """A short address of a result's page, which fits into a line of a terminal."""
    return absolute("short-result", result_id[:SHORT_DIGITS])
