"""A query is one value with one address: read, written and refused in one place, whatever format answers it."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.impact import intensity
from measurements.boards.board_query import (
    MAX_TEXT,
    READERS,
    SORTS,
    TIERS,
    UNITS,
    BadValue,
    BoardQuery,
    UnknownParameter,
    parse,
    write_count,
)
from measurements.display.choices import ModelKind
from tests.laws import law

NAMES = st.from_regex(r"[a-zA-Z0-9._+ /-]{1,30}", fullmatch=True).map(str.strip).filter(bool)
NUMBERS = st.decimals(0, 999_999_999, places=6).map(lambda number: Decimal(f"{number:f}").normalize())
COUNTS = st.integers(1, 10**15 - 1)
TEXTS = st.text(max_size=MAX_TEXT).map(lambda text: " ".join(text.split()))
PLACES = [(row.code, row.year) for row in intensity.rows()]


@st.composite
def queries(draw: st.DrawFn) -> BoardQuery:
    """Every query: each field at its default, or any value that it takes."""
    maybe = {
        name: st.just("") | NAMES for name in ("series", "dataset", "hardware", "owner", "family", "licence")
    }
    values: dict[str, Any] = {name: draw(values) for name, values in maybe.items()}
    values |= {name: draw(st.none() | NUMBERS) for name in ("max_memory_gb", "max_card_gb", "max_latency_s")}
    least, most = sorted((draw(COUNTS), draw(COUNTS)))
    metric = draw(st.just("") | NAMES)
    region, year = draw(st.sampled_from(PLACES))
    try:
        text = parse([("q", draw(TEXTS))]).q
    except BadValue:
        text = ""
    sort = draw(st.sampled_from([sort for sort in SORTS if metric or sort != "quality"]))
    return BoardQuery(
        **values,
        kind=draw(st.sampled_from(["", *ModelKind.values])),
        scope=draw(st.just("") | NAMES),
        tier=draw(st.sampled_from(["", *TIERS])),
        grade=draw(st.sampled_from(["", "measured", "estimated", "published"])),
        min_parameters=draw(st.sampled_from([None, least])),
        max_parameters=draw(st.sampled_from([None, most])),
        metric=metric,
        min_quality=draw(NUMBERS) if metric and draw(st.booleans()) else None,
        q=text,
        unit=draw(st.sampled_from(UNITS)),
        region=region,
        year=year,
        sort=draw(st.sampled_from(["", "-"])) + sort,
        page=draw(st.integers(1, 999_999)),
    )


@pytest.mark.laws
@law()
@given(queries())
def test_the_address_of_a_query_is_the_query(query: BoardQuery) -> None:
    assert parse(parse_qsl(query.encoded)) == query
    assert parse(reversed(parse_qsl(query.encoded))) == query
    assert parse(parse_qsl(query.encoded)).encoded == query.encoded


@pytest.mark.laws
@law()
@given(COUNTS)
def test_a_number_of_parameters_is_written_as_people_write_it(count: int) -> None:
    assert parse([("min_parameters", write_count(count))]).min_parameters == count


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("unit=wh&sort=conditions&page=1&kind=&q=+", ""),
        ("page=2&kind=task-specific", "kind=task-specific&page=2"),
        ("metric=accuracy&min_quality=0,850", "metric=accuracy&min_quality=0.85"),
        ("max_card_gb=024.0", "max_card_gb=24"),
        ("min_parameters=7000M&max_parameters=66000000", None),
        ("max_parameters=7000m", "max_parameters=7B"),
        ("min_parameters=66955010", "min_parameters=66955.01K"),
        ("q=++tiny%0Amodel+", "q=tiny+model"),
        ("unit=j&region=DEU", "unit=j"),
        ("unit=gco2e", f"unit=gco2e&region=world&year={intensity.row_of('world').year}"),
    ],
)
def test_one_query_has_one_address(written: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(BadValue, match="min_parameters is more than max_parameters"):
            parse(parse_qsl(written, keep_blank_values=True))
    else:
        assert parse(parse_qsl(written, keep_blank_values=True)).encoded == canonical


@pytest.mark.parametrize(
    ("written", "code", "sentence"),
    [
        (
            "colour=red",
            "JM-QUERY-PARAMETER",
            "no parameter “colour”. Leave it out; there are: series, dataset",
        ),
        ("kind=a&kind=b", "JM-QUERY-VALUE", "kind is given more than once"),
        ("kind=huge", "JM-QUERY-VALUE", "“huge” is no value of kind here. Choose one of: task-specific"),
        ("unit=btu", "JM-QUERY-VALUE", "Choose one of: wh, j, j-output-token"),
        ("sort=colour", "JM-QUERY-VALUE", "Choose one of: conditions, -conditions, energy"),
        ("max_latency_s=fast", "JM-QUERY-VALUE", "max_latency_s is not a number such as 0.85"),
        ("max_latency_s=1e9", "JM-QUERY-VALUE", "is not a number"),
        ("max_latency_s=-1", "JM-QUERY-VALUE", "is not a number"),
        ("max_latency_s=nan", "JM-QUERY-VALUE", "is not a number"),
        ("min_parameters=7.00000001B", "JM-QUERY-VALUE", "is not a number of parameters such as 7B"),
        ("min_parameters=0", "JM-QUERY-VALUE", "is not a number of parameters"),
        ("page=0", "JM-QUERY-VALUE", "is not a whole number from 1 on"),
        ("page=%D9%A3", "JM-QUERY-VALUE", "is not a whole number"),
        (f"q={'x' * 81}", "JM-QUERY-VALUE", "more than 80 characters"),
        ("q=a%00b", "JM-QUERY-VALUE", "characters that cannot be written"),
        ("series=a%00b", "JM-QUERY-VALUE", "is no name"),
        ("min_quality=0.8", "JM-QUERY-VALUE", "name it in the parameter metric"),
        ("sort=-quality", "JM-QUERY-VALUE", "name it in the parameter metric"),
        ("unit=gco2e&region=XYZ", "JM-QUERY-VALUE", "no carbon intensity of XYZ for any year"),
        ("unit=gco2e&region=world&year=1900", "JM-QUERY-VALUE", "of world for 1900: leave the year out"),
    ],
)
def test_what_no_query_has_is_refused_with_what_to_do(written: str, code: str, sentence: str) -> None:
    with pytest.raises((BadValue, UnknownParameter)) as refused:
        parse(parse_qsl(written, keep_blank_values=True))
    assert refused.value.code == code
    assert sentence in str(refused.value)


def test_every_field_has_a_reader_and_few_queries_are_kept() -> None:
    assert {field.name for field in fields(BoardQuery)} == set(READERS)
    kept = ("", "kind=task-specific", "series=demo-1-measured&unit=j", "sort=energy&page=3", "unit=gco2e")
    made_up = (
        *("q=x", "max_latency_s=0", "min_parameters=1", "unit=gco2e&region=DEU"),
        "series=demo-1-measured&unit=j&sort=energy",
    )
    assert [parse(parse_qsl(text)).is_common for text in kept] == [True] * len(kept)
    assert [parse(parse_qsl(text)).is_common for text in made_up] == [False] * len(made_up)
