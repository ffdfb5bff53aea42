"""Pages of a list while its rows change: what is there all the time is met once, and nothing is met twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from measurements.catalog.models import AiModel
from measurements.downloads.resource_catalog import MODELS_LIST
from measurements.downloads.resource_cursor import BadCursor, ChangedSince, Page, read_page
from measurements.downloads.resource_query import parameter_names, parse_query
from tests.laws import law

pytestmark = pytest.mark.django_db
NAMES = tuple(f"{owner}/{word}" for owner in ("a", "B", "ä") for word in ("one", "two-2", "Three"))
KINDS = ("general-purpose", "task-specific")
SIZES = (None, 1, 7, 10**12)
NAME, KIND, SIZE = st.sampled_from(NAMES), st.sampled_from(KINDS), st.sampled_from(SIZES)
CHANGES = st.one_of(
    st.tuples(st.just("put"), NAME, KIND, SIZE),
    st.tuples(st.just("go"), NAME, st.none(), st.none()),
    st.tuples(st.just("page"), st.none(), st.none(), st.none()),
)
Change = tuple[str, str | None, str | None, int | None]


def page_of(cursor: str = "", **parameters: str) -> Page:
    """A page of models."""
    pairs = {**parameters, "cursor": cursor}
    return read_page(parse_query(MODELS_LIST, pairs.items(), names=parameter_names(MODELS_LIST)))


def apply(change: Change) -> None:
    """A model comes with these facts, has others from now on, or goes; where it comes again its row is another."""
    what, slug, kind, parameters = change
    if what == "go":
        AiModel.objects.filter(slug=slug).delete()
    elif what == "put":
        assert slug is not None
        facts = {"kind": kind, "parameters": parameters}
        AiModel.objects.update_or_create(slug=slug, defaults={"title": slug, **facts})


def shown(**conditions: str) -> set[str]:
    """The oracle: the names of all rows that a filter leaves now."""
    return set(AiModel.objects.filter(**conditions).values_list("slug", flat=True))


@contextmanager
def only(models: list[tuple[str, str, int | None]]) -> Iterator[None]:
    """These models alone, as long as the block lasts."""
    with transaction.atomic():
        AiModel.objects.all().delete()
        for slug, kind, parameters in models:
            apply(("put", slug, kind, parameters))
        yield
        transaction.set_rollback(True)


FIRST = st.lists(st.tuples(NAME, KIND, SIZE), max_size=9)


@pytest.mark.laws
@law(in_every_run=25)
@given(
    first=FIRST, changes=st.lists(CHANGES, max_size=25), limit=st.integers(1, 4), is_filtered=st.booleans()
)
def test_a_walk_misses_nothing_and_repeats_nothing(
    *, first: list[tuple[str, str, int | None]], changes: list[Change], limit: int, is_filtered: bool
) -> None:
    condition = {"kind": KINDS[0]} if is_filtered else {}
    with only(first):
        always, ever = shown(**condition), shown(**condition)
        met: list[str] = []
        cursor, is_over = "", False
        for change in [*changes, *[("page", None, None, None)] * 10]:
            if change[0] != "page":
                apply(change)
                if not is_over:
                    always &= shown(**condition)
                    ever |= shown(**condition)
            elif not is_over:
                page = page_of(cursor, limit=str(limit), **condition)
                met += [row["model"] for row in page.rows]
                cursor, is_over = page.next_cursor, not page.next_cursor
        assert is_over
        assert len(met) == len(set(met)), "a row is met twice"
        assert always <= set(met) <= ever


@pytest.mark.laws
@law(in_every_run=25)
@given(
    first=FIRST,
    change=CHANGES,
    limit=st.integers(1, 4),
    sort=st.sampled_from(["parameters", "-parameters", "-title", "released"]),
)
def test_a_sorted_walk_is_whole_or_refused(
    first: list[tuple[str, str, int | None]], change: Change, limit: int, sort: str
) -> None:
    with only(first):
        whole = [row["model"] for row in page_of(sort=sort, limit="1000").rows]
        assert set(whole) == shown()
        page = page_of(sort=sort, limit=str(limit))
        met = [row["model"] for row in page.rows]
        while page.next_cursor:
            page = page_of(page.next_cursor, sort=sort, limit=str(limit))
            met += [row["model"] for row in page.rows]
        assert met == whole
        begun = page_of(sort=sort, limit="1").next_cursor
        if begun and change[0] == "put":
            apply(change)
            with pytest.raises(ChangedSince):
                page_of(begun, sort=sort, limit="1")


def test_missing_values_come_last_in_both_directions() -> None:
    with only([("a/x", KINDS[0], None), ("b/y", KINDS[0], 5), ("c/z", KINDS[0], 7)]):
        for sort, sizes in {"parameters": [5, 7, None], "-parameters": [7, 5, None]}.items():
            assert [row["parameters"] for row in page_of(sort=sort).rows] == sizes


@pytest.mark.parametrize(
    "cursor",
    ["x", "é", "bnVsbA", "W10", "WzEsMiwzXQ", "WyJhIixbIlx1MDAwMCJdLCIiXQ", "A" * 3000, "eyJhIjoxfQ=="],
)
def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursor):
        page_of(cursor)


def test_a_cursor_is_of_its_list_filter_and_order() -> None:
    with only([("a/x", KINDS[0], None), ("b/y", KINDS[0], 5), ("c/z", KINDS[0], 7)]):
        cursor = page_of(limit="1").next_cursor
        assert [row["model"] for row in page_of(cursor, limit="2", fields="model").rows] == ["b/y", "c/z"]
        for other in ({"kind": KINDS[0]}, {"sort": "title"}, {"q": "x"}):
            with pytest.raises(BadCursor):
                page_of(cursor, **other)
