"""Atom feeds (RFC 4287), each in the language of its address: cells, records, decisions and retirements."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.sources import BOARDS
from measurements.catalog.sources import CATALOG
from measurements.downloads.feed_entries import ENTRIES
from measurements.intake.sources import SUBMISSIONS
from measurements.ledger.sources import LEAVES
from measurements.review.sources import RESULTS, STATE_REASONS, TRANSITIONS
from measurements.web.feed_titles import feed_title
from measurements.web.languages import current_language

if TYPE_CHECKING:
    from django.http import HttpRequest

    from measurements.downloads.feed_entries import FeedEntry

NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was changed: an answer depends on what is stored, not on the clock."""


class Feed(Atom1Feed):
    """Django's feed, whose time is that of its latest entry."""

    def latest_post_date(self) -> datetime:
        """When the latest entry was updated; long ago where there is none."""
        return max((item["updateddate"] for item in self.items), default=NOTHING_YET)


@made_of(BOARDS, CATALOG)
@require_safe
def cells(request: HttpRequest) -> HttpResponse:
    """Values that changed last."""
    return _feed(request, "cells")


@made_of(BOARDS, CATALOG)
@require_safe
def records(request: HttpRequest) -> HttpResponse:
    """The least energies."""
    return _feed(request, "records")


@made_of(LEAVES, RESULTS, SUBMISSIONS)
@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    """What moderators decided."""
    return _feed(request, "decisions")


@made_of(CATALOG, STATE_REASONS, SUBMISSIONS, TRANSITIONS)
@require_safe
def retirements(request: HttpRequest) -> HttpResponse:
    """What no longer counts."""
    return _feed(request, "retirements")


def _feed(request: HttpRequest, name: str) -> HttpResponse:
    own = f"{settings.ORIGIN}{request.path}"
    feed = Feed(
        title=feed_title(name),
        link=f"{settings.ORIGIN}{reverse('home')}",
        description=gettext("What changed last on the Joulemark platform at {origin}.").format(
            origin=settings.ORIGIN
        ),
        language=current_language(),
        author_name="Joulemark",
        feed_url=own,
        feed_guid=own,
        feed_copyright="CC BY 4.0",
    )
    for entry in ENTRIES[name]():
        _add(feed, own, entry)
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _add(feed: Feed, own: str, entry: FeedEntry) -> None:
    feed.add_item(
        title=entry.title,
        link=f"{settings.ORIGIN}{entry.path}",
        description=entry.summary,
        unique_id=f"{own}#{quote(entry.name)}",
        pubdate=entry.at,
        updateddate=entry.at,
    )
