"""Pages of a list that may have millions of rows: nothing is counted or read that a page does not show."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator

if TYPE_CHECKING:
    from django.db.models import QuerySet

COUNTED_ROWS = 1000
"""Rows are counted so far; that there are more is all that is known beyond."""
MAX_OFFSET = 1_000_000
"""Rows that a page may be behind: each of their keys is read in the index. A filter leads to older ones."""


class BoundedPage(Page):  # type: ignore[type-arg]  # the base is not generic at run time
    """A page that knows of the row after its last, and so whether there is a next page."""

    def __init__(self, rows: list[Any], number: int, paginator: BoundedPaginator, *, is_last: bool) -> None:
        super().__init__(rows, number, paginator)
        self._is_last = is_last

    def has_next(self) -> bool:
        """Whether there is a row after this page."""
        return not self._is_last


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # the same
    """Django's paginator for a query in a total order, with any page by its number and a count up to `COUNTED_ROWS`.

    A page reads the keys of its rows out of an index, then those rows.
    """

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        """The number of rows, `COUNTED_ROWS` where there are as many or more.

        Counted in their order, in which an index has them: in none a planner may read a table up to where they lie.
        """
        return self.object_list[:COUNTED_ROWS].count()

    @property
    def is_count_bounded(self) -> bool:
        """Whether there may be more rows than were counted."""
        return self.count >= COUNTED_ROWS

    def validate_number(self, number: float | str) -> int:
        """Return the number of a page, which may be beyond the last. Raises PageNotAnInteger or EmptyPage."""
        try:
            page_number = int(number)
        except (TypeError, ValueError) as error:
            raise PageNotAnInteger("A page has a whole number.") from error
        if not 1 <= page_number <= MAX_OFFSET // self.per_page:
            raise EmptyPage("There is no page with this number.")
        return page_number

    def get_page(self, number: float | str | None) -> BoundedPage:
        """Return a page; the first for what is no number, and the last that was counted for one that is not there."""
        try:
            return self.page(number if number is not None else 1)
        except PageNotAnInteger:
            return self.page(1)
        except EmptyPage:
            return self.page(self.num_pages)

    def page(self, number: float | str) -> BoundedPage:
        """Return a page. Raises InvalidPage where there is none; the first is there in any case."""
        page_number = self.validate_number(number)
        first = (page_number - 1) * self.per_page
        keys = list(self.object_list.values_list("pk", flat=True)[first : first + self.per_page + 1])
        if not keys and page_number > 1:
            raise EmptyPage("There is no page with this number.")
        rows = list(self.object_list.filter(pk__in=keys[: self.per_page])) if keys else []
        return BoundedPage(rows, page_number, self, is_last=len(keys) <= self.per_page)
