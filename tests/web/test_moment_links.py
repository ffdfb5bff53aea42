"""Links of a page that keep its moment, whatever else they ask; all others stay as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from measurements.web.as_of import Moment
from measurements.web.moment_links import address_with_moment, with_moment
from tests.laws import law

MOMENT = Moment(at=datetime(2026, 11, 24, tzinfo=UTC), query="as_of=2026-11-24T00%3A00%3A00Z")
VALUE = "2026-11-24T00:00:00Z"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="/en/models/">', f'<a href="/en/models/?{MOMENT.query}">'),
        ('<a class="x" href="/ru/rules/#jm-a">', f'<a class="x" href="/ru/rules/?{MOMENT.query}#jm-a">'),
        (
            '<a rel="next" href="?a=1&amp;page=2">',
            f'<a rel="next" href="?a=1&amp;page=2&amp;{MOMENT.query}">',
        ),
        ('<a href="/en/results/?q=a&amp;b=c">', f'<a href="/en/results/?q=a&amp;b=c&amp;{MOMENT.query}">'),
    ],
)
def test_a_link_to_a_page_keeps_the_moment(before: str, after: str) -> None:
    assert with_moment(before, MOMENT) == after
    assert with_moment(after, MOMENT) == after


@pytest.mark.parametrize(
    "link",
    [
        '<a href="/en/models/" rel="latest-version">',
        '<a rel="latest-version" href="/en/models/">',
        '<a href="#content">',
        '<a href="/api/v1/boards/x/y.csv">',
        '<a href="/en/plots/home.svg">',
        '<a href="https://example.org/en/models/">',
        '<a href="/en/boards/?as_of=2026-01-01">',
        '<a href="/en/boards/?checkpoint=5">',
        '<form action="/en/impact/"><input type="hidden" name="as_of" value="x"></form>',
        '<form action="/api/v1/x"><input name="q"></form>',
    ],
)
def test_what_leads_elsewhere_or_names_a_moment_stays(link: str) -> None:
    assert with_moment(link, MOMENT) == link


@pytest.mark.parametrize("action", ['action="/en/search/" method="get"', 'method="get"'])
def test_a_form_asks_as_of_the_moment(action: str) -> None:
    field = f'<input type="hidden" name="as_of" value="{VALUE}">'
    assert with_moment(f'<form {action}><input name="q"></form>', MOMENT) == (
        f'<form {action}>{field}<input name="q"></form>'
    )


@pytest.mark.laws
@law()
@given(
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=3),
    st.text(alphabet=st.characters(blacklist_characters="#"), max_size=8),
)
def test_nothing_that_a_link_asks_is_lost(pairs: list[tuple[str, str]], fragment: str) -> None:
    asked = [(name, value) for name, value in pairs if name not in {"as_of", "checkpoint"}]
    address = f"/en/results/?{urlencode(asked)}#{quote(fragment)}"
    target = urlsplit(address_with_moment(address, MOMENT))
    assert parse_qsl(target.query, keep_blank_values=True) == [*asked, ("as_of", VALUE)]
    assert target.fragment == quote(fragment)
    assert address_with_moment(target.geturl(), MOMENT) == target.geturl()
