"""oEmbed 1.0: what another site shows of a board or a value when somebody gives it the address of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.html import format_html
from django.utils.translation import override
from django.views.decorators.http import require_safe

from joulemark.record.origin import BadAddress, BadPort, split_address
from measurements.answer_cache.sources import made_of
from measurements.boards.models import NAMED_BY
from measurements.boards.queries import find_row
from measurements.boards.series import series_by_slug
from measurements.boards.sources import BOARDS
from measurements.catalog.models import Task
from measurements.catalog.sources import CATALOG
from measurements.display.titles import translated
from measurements.downloads.feed_entries import subject_of
from measurements.published.sources import PUBLISHED
from measurements.web.languages import in_language, language_in, negotiated_language
from measurements.web.plain_text import plain_text
from measurements.web.problems import problem

if TYPE_CHECKING:
    from django.http import HttpRequest

WIDTH, HEIGHTS = 640, {"board": 460, "cell": 240}
"""Of a frame, in pixels."""
MAX_AGE_S = 86_400
EMBEDDED = {"board": "embed-board", "cell": "embed-cell"}


@made_of(BOARDS, CATALOG, PUBLISHED)
@require_safe
def oembed(request: HttpRequest) -> HttpResponse:
    """The frame of the page that `url` names, no wider than `maxwidth` and no higher than `maxheight`."""
    if request.GET.get("format", "json") != "json":
        return problem(status=501, code="JM-OEMBED-FORMAT", detail="Answers are JSON; ask with format=json.")
    limits = [_pixels(request.GET.get(name, "")) for name in ("maxwidth", "maxheight")]
    page = page_named(request.GET.get("url", ""))
    if page is None:
        return problem(
            status=404,
            code="JM-OEMBED-URL",
            detail="url names no board and no value of this platform; give the full address of such a page.",
        )
    name, title, address = page
    width, height = min(WIDTH, limits[0] or WIDTH), min(HEIGHTS[name], limits[1] or HEIGHTS[name])
    return JsonResponse(
        {
            "version": "1.0",
            "type": "rich",
            "title": title,
            "provider_name": "Joulemark",
            "provider_url": settings.ORIGIN,
            "cache_age": MAX_AGE_S,
            "html": frame(address, title, width=width, height=height),
            "width": width,
            "height": height,
        }
    )


def frame(address: str, title: str, *, width: int, height: int) -> str:
    """The element that shows an embedded page."""
    return format_html(
        '<iframe src="{}" title="{}" width="{}" height="{}" loading="lazy" style="border:0"></iframe>',
        address, title, width, height,
    )  # fmt: skip


def page_named(url: str) -> tuple[str, str, str] | None:
    """The name of the page at a full address, its title, and the address of the page to embed; None for others."""
    if not url.startswith(f"{settings.ORIGIN}/"):
        return None
    try:
        parts = split_address(url)
    except (BadAddress, BadPort):
        return None
    language = language_in(parts.path) or negotiated_language("")
    with override(language):
        try:
            match = resolve(in_language(parts.path, language))
        except Resolver404:
            return None
        name = match.url_name or ""
        if name not in EMBEDDED:
            return None
        question = {key: value for key, value in parse_qsl(parts.query) if key in NAMED_BY}
        title = _title(name, match.kwargs, question)
        if title is None:
            return None
        embedded = reverse(EMBEDDED[name], kwargs=match.kwargs)
    query = f"?{urlencode(question)}" if name == "cell" else ""
    return name, title, f"{settings.ORIGIN}{embedded}{query}"


def _title(name: str, where: dict[str, str], question: dict[str, str]) -> str | None:
    if name == "cell":
        named = {key: question.get(key, "") for key in NAMED_BY}
        row = find_row(series_slug=where["series"], task_slug=where["task"], named=named)
        return None if row is None else f"{subject_of(row[1])} · Joulemark"
    series, task = series_by_slug(where["series"]), Task.objects.named(where["task"])
    if series is None or task is None:
        return None
    return f"{plain_text(translated(task.title))} · {plain_text(series.title)} · Joulemark"


def _pixels(text: str) -> int | None:
    """A number of pixels; None for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) <= 5 and int(text) > 0 else None
