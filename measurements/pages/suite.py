"""A suite version: its tasks, data sets and models at their revisions, digest, boards, and how to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import Http404
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from measurements.answer_cache.sources import made_of
from measurements.boards.sources import BOARDS
from measurements.boards.subject_boards import boards_of_suite
from measurements.boards.subject_rows import ROWS_PER_PAGE
from measurements.catalog.models import PinnedSuite
from measurements.catalog.sources import CATALOG
from measurements.catalog.suite_contents import datasets_of_suite, models_of_suite, shown_digests, suite_at
from measurements.catalog.suites import known_suite
from measurements.display.titles import translated
from measurements.ledger.checkpoint_times import checkpoint_size_at
from measurements.ledger.models import Leaf, LeafKind
from measurements.ledger.sources import LEAVES
from measurements.pages.provenance import Provenance
from measurements.pages.structured_data import subject_dataset
from measurements.web.bounded_pages import BoundedPaginator

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@made_of(BOARDS, CATALOG, LEAVES)
@require_safe
def suite(request: HttpRequest, suite: str) -> HttpResponse:
    """One suite version with a page of its models."""
    row = suite_at(suite)
    if row is None:
        raise Http404(gettext("This platform knows no suite of this name and version."))
    contents = known_suite(row.digest)
    current = shown_digests()
    pinned = PinnedSuite.objects.in_order().filter(suite=row).first()
    provenance = _provenance(pinned)
    page = BoundedPaginator(models_of_suite(row), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    of_suite = {} if contents is None else {model.id: model for model in contents.models}
    context = {
        "suite": row,
        "title": translated(row.title),
        "contents": contents,
        "datasets": [] if contents is None else datasets_of_suite(contents, current),
        "titles": {} if contents is None else {task.id: translated(task.title) for task in contents.tasks},
        "page": page,
        "lines": [(model, of_suite.get(model.slug)) for model in page],
        "pinned": pinned,
        "leaf": Leaf.objects.filter(kind=LeafKind.SUITE_PINNED, subject=row.digest).first(),
        "is_current": current.get(row.name) == row.digest,
        "boards": boards_of_suite(row),
        "origin": settings.ORIGIN,
        "provenance": provenance,
        "structured_data": subject_dataset(
            title=f"{translated(row.title)} {row.version}",
            description=gettext(
                "Tasks, data sets and models at fixed revisions, on which the energy of AI answers is measured."
            ),
            path=request.path,
            provenance=provenance,
        ),
        "previous": gettext("Previous models"),
        "next": gettext("Next models"),
    }
    return render(request, "pages/suite.html", context)


def _provenance(pinned: PinnedSuite | None) -> Provenance:
    """Since when the platform hands the suite out; nothing where it does not."""
    if pinned is None:
        return Provenance()
    return Provenance(at=pinned.pinned_at, checkpoint=checkpoint_size_at(pinned.pinned_at))
