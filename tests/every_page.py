"""Every page that a reader may see: each address that answers HTML, and the forms that pages take when they are asked.

Addresses come from the URL configuration, so that a new page is on the list as soon as it has an address.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from measurements.intake.models import Submission
from tests.addresses import addresses
from tests.web.populated import Values, questions

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "ru")
FORMS: Mapping[str, int] = {
    "/en/nothing/": 404,
    "/en/boards/demo-1-estimated/no-such-task/": 404,
    "/en/boards/study-2024/image_generation/": 200,
    "/en/impact/?query=own&queries_per_day=-1&users=3": 200,
    "/en/impact/?query=text_classification&queries_per_day=3&users=7&place=DEU": 200,
    "/en/results/?state=rejected": 200,
    "/en/results/?state=unheard-of": 200,
    "/en/retirements/?state=withdrawn": 200,
    "/en/tasks/text_classification/?colour=red": 400,
    "/en/tasks/text_classification/?kind=general-purpose&sort=-least": 200,
    "/en/tasks/text_classification/?unit=gco2e&region=DEU&year=2024": 200,
    "/en/tasks/text_classification/?q=unheard-of": 200,
}
"""What no address alone shows: empty lists, refusals, other units, a page that is not there; each with its status."""
NO_PAGES = (
    "/en/published/",
    "/en/boards/demo-1-estimated/",
    "/en/boards/study-2024/",
    "/en/boards/study-2024/text_classification/cell/",
    "/en/embed/boards/study-2024/text_classification/cell/",
    "/en/published/demo-1-estimated/",
    "/en/api/schemas/",
)
"""Addresses under a language that only lead to another page, and series of one kind where only another has a page."""


def with_every_state(values: Values) -> Values:
    """The same values with one result in each state that there is."""
    by_state = dict(Submission.objects.order_by("received_at").values_list("state", "result_id"))
    return values | {"result_id": sorted(by_state.values())}


def english_pages(values: Values) -> dict[str, int]:
    """The address of every page in English, with the status that it answers with."""
    asked = questions()
    pages = {
        f"{address}?{asked[address]}" if address in asked else address: 200
        for address in addresses(values)
        if address.startswith("/en/") and not PurePosixPath(address).suffix and address not in NO_PAGES
    }
    return {**pages, **FORMS}


def in_language(address: str, language: str) -> str:
    """The same page in another language."""
    return address.replace("/en/", f"/{language}/", 1)
