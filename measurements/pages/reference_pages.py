"""The pages of the API's reference behind its index, in the order in which a reader may leaf through them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext

from measurements.web.api_reference import read_reference
from measurements.web.as_of import path_of

OPERATIONS, SCHEMAS, PROBLEMS = "reference-operations", "reference-schemas", "reference-problems"
"""Names of the addresses."""


@dataclass(frozen=True, kw_only=True)
class ReferencePage:
    """A page by the name of its address and its group, "" for that of problem codes."""

    name: str
    group: str = ""

    @property
    def title(self) -> str:
        """The page's heading, in the language in use."""
        if self.name == OPERATIONS:
            return gettext("API operations: %(group)s") % {"group": self.group}
        if self.name == SCHEMAS:
            return gettext("API schemas: %(group)s") % {"group": self.group}
        return gettext("Problem codes")

    @property
    def path(self) -> str:
        """The page's address, in the language in use."""
        return path_of(self.name, *([self.group] if self.group else []))


@dataclass(frozen=True, kw_only=True)
class ReferencePlace:
    """A page with those before and behind it, None at either end."""

    page: ReferencePage
    previous: ReferencePage | None
    following: ReferencePage | None


def every_reference_page() -> list[ReferencePage]:
    """Operations group by group, problem codes, schemas group by group."""
    reference = read_reference()
    return [
        *(ReferencePage(name=OPERATIONS, group=group) for group in reference.groups),
        ReferencePage(name=PROBLEMS),
        *(ReferencePage(name=SCHEMAS, group=group) for group in reference.schema_groups),
    ]


def reference_place(name: str, group: str = "") -> ReferencePlace | None:
    """Where a page stands among all; None where there is no such page."""
    pages = every_reference_page()
    page = ReferencePage(name=name, group=group)
    if page not in pages:
        return None
    number = pages.index(page)
    return ReferencePlace(
        page=page,
        previous=pages[number - 1] if number else None,
        following=pages[number + 1] if number + 1 < len(pages) else None,
    )
