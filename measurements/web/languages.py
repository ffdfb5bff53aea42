"""The language of an address: pages have it as the first part of their path, data and files have none.

What has no language in its path is answered in the one that its reader's Accept-Language prefers. No cookie decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import get_language, get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from django.http import HttpRequest

PREFIX = re.compile(r"/([a-z]{2})(?=/|\Z)", re.ASCII)


def codes() -> list[str]:
    """The languages of the pages, the first of them the one for readers of no other."""
    return [code for code, _ in settings.LANGUAGES]


def language_in(path: str) -> str:
    """The language that a path begins with, "" where it has none."""
    start = PREFIX.match(path)
    return start[1] if start and start[1] in codes() else ""


def without_language(path: str) -> str:
    """The same address for readers of any language: it leads each of them to a page in theirs."""
    language = language_in(path)
    return path.removeprefix(f"/{language}") if language else path


def in_language(path: str, language: str) -> str:
    """The address of the same page in another language."""
    return f"/{language}{without_language(path)}"


def negotiated_language(accept_language: str) -> str:
    """The language that a reader prefers (RFC 9110, 12.5.4); `settings.LANGUAGE_CODE` for readers of no other."""
    for name, _ in parse_accept_lang_header(accept_language):
        if name == "*":
            break
        try:
            return get_supported_language_variant(name)
        except LookupError:
            continue
    return str(settings.LANGUAGE_CODE)


def language_of(request: HttpRequest) -> str:
    """The language in which a request is answered."""
    return language_in(request.path_info) or negotiated_language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def current_language() -> str:
    """The language in use."""
    return get_language() or str(settings.LANGUAGE_CODE)
