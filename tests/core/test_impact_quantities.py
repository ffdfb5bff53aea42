"""Numbers that carry their interval and their sources, through products and quotients; intensities and equivalences."""

from __future__ import annotations

import tomllib
from dataclasses import FrozenInstanceError
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from joulemark.impact import intensity
from joulemark.impact.equivalences import equal_to, equivalences
from joulemark.impact.intensity import UnknownPlace, intensity_of, own_intensity, row_of
from joulemark.impact.quantity import READER, Quantity, Source
from joulemark.impact.usage import Usage, own_query, study_query, year_of
from joulemark.suite.published import load_study

LAW = settings(deadline=None)
METER = Source(id="meter", title="A meter", year=2025, licence="CC0-1.0")
GRID = Source(id="grid", title="A grid", year=2024, licence="CC-BY-4.0")
positive = st.floats(min_value=1e-3, max_value=1e3)


@st.composite
def quantities(draw: Any, source: Source) -> Quantity:
    value = draw(positive)
    if draw(st.booleans()):
        return Quantity(value=value, unit="x", sources=(source,))
    below, above = draw(st.floats(0.1, 1.0)), draw(st.floats(1.0, 10.0))
    return Quantity(value=value, low=value * below, high=value * above, unit="x", sources=(source,))


@LAW
@given(quantities(METER), quantities(GRID), st.floats(0, 1), st.floats(0, 1))
def test_an_interval_holds_every_product_and_quotient_of_what_went_in(
    one: Quantity, other: Quantity, share: float, other_share: float
) -> None:
    def inside(quantity: Quantity, where: float) -> float:
        if quantity.low is None or quantity.high is None:
            return quantity.value
        return quantity.low + where * (quantity.high - quantity.low)

    product, quotient = one.times(other, "y"), one.over(other, "z")
    for found, truth in (
        (product, inside(one, share) * inside(other, other_share)),
        (quotient, inside(one, share) / inside(other, other_share)),
    ):
        assert found.sources == (METER, GRID)
        low, high = (
            (found.value, found.value) if found.low is None or found.high is None else (found.low, found.high)
        )
        assert low * (1 - 1e-9) <= truth <= high * (1 + 1e-9)
    assert (product.low is None) == (one.low is None and other.low is None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": -1.0}, {"value": float("nan")}, {"value": float("inf")}, {"value": 1.0, "low": 0.5},
        {"value": 1.0, "low": 2.0, "high": 3.0}, {"value": 1.0, "low": float("nan"), "high": 2.0},
        {"value": 1.0, "low": 0.5, "high": 0.7}, {"value": 1.0, "low": -0.5, "high": 2.0},
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"quantity|interval"):
        Quantity(unit="Wh", sources=(METER,), **wrong)


def test_a_quantity_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        intensity_of("FRA").value = 0.0  # type: ignore[misc]  # it is frozen


def test_an_intensity_has_its_place_year_source_and_licence() -> None:
    germany = intensity_of("DEU")
    assert (germany.value, germany.unit, germany.low, germany.high) == (342.06, "gCO2e/kWh", None, None)
    (source,) = germany.sources
    assert (source.id, source.year, source.licence) == ("ember-yearly-DEU-2024", 2024, "CC-BY-4.0")
    assert "Ember" in source.title
    assert "Germany" in source.title
    assert intensity_of("world").value == 472.94
    assert intensity_of("UKR", 2022).value == 250.47


def test_the_table_is_whole() -> None:
    rows = intensity.rows()
    assert len(rows) == 222
    assert len({(row.code, row.year) for row in rows}) == 222
    assert [row.code for row in rows if row.kind == "region"] == [
        "world", "asean", "africa", "asia", "eu", "europe", "g20", "g7", "latin-america-and-caribbean",
        "middle-east", "north-america", "oecd", "oceania",
    ]  # fmt: skip
    assert all(len(row.code) == 3 and row.code.isupper() for row in rows if row.kind == "country")
    assert {row.year for row in rows} == {2022, 2023, 2024}
    assert sum(row.gco2e_per_kwh for row in rows) == pytest.approx(95397.0, abs=0.01)
    about = intensity.about()
    assert (about.emissions, about.method, about.mix) == ("lifecycle", "location-based", "production")
    assert (about.licence, about.republished) == ("CC-BY-4.0", "2026-06")


@pytest.mark.parametrize(
    ("code", "year", "words"), [("XXX", None, "XXX"), ("DEU", 1999, "only for 2024"), ("", None, "code")]
)
def test_an_unknown_place_or_year_says_what_there_is(code: str, year: int | None, words: str) -> None:
    with pytest.raises(UnknownPlace, match=words):
        row_of(code, year)


def test_a_reader_brings_a_factor_of_their_own() -> None:
    own = own_intensity(12.5)
    assert (own.value, own.sources) == (12.5, (READER,))
    with pytest.raises(ValueError, match="quantity"):
        own_intensity(-1.0)


def test_every_equivalence_has_a_source_and_says_whether_it_was_read() -> None:
    found = equivalences()
    per_item = {name: entry.per_item.value for name, entry in found.items()}
    assert per_item["phone-charge"] == 0.022
    assert per_item["phone-charge-before-2024"] == 0.012
    assert per_item["petrol-car-mile"] == 393.0
    assert per_item["petrol-car-km"] == pytest.approx(244.2, abs=0.01)
    assert per_item["led-minute"] == 0.009 / 60
    assert per_item["web-search"] == 0.0003
    assert per_item["image-generation"] == pytest.approx(0.002907, abs=5e-7)
    for entry in found.values():
        (source,) = entry.per_item.sources
        assert source.title
        assert source.licence
        assert source.year is not None
        assert 2009 <= source.year <= 2026
    unread = {name for name, entry in found.items() if not entry.per_item.sources[0].checked}
    assert unread == {
        "led-minute", "petrol-car-km", "petrol-car-mile", "web-search", "web-search-emissions", "assistant-prompt",
    }  # fmt: skip


def test_amounts_are_those_of_the_study_wherever_both_have_one() -> None:
    of_study = {entry.id: entry.value for entry in load_study().equivalences}
    ours = {name: entry.per_item.value for name, entry in equivalences().items()}
    same = {
        "smartphone-charge": "phone-charge",
        "smartphone-charge-before-2024": "phone-charge-before-2024",
        "petrol-car-mile": "petrol-car-mile",
        "web-search": "web-search",
        "assistant-prompt": "assistant-prompt",
    }
    for theirs, name in same.items():
        assert ours[name] == of_study[theirs]


def test_no_entry_of_the_file_has_two_amounts() -> None:
    from joulemark.impact.equivalences import EquivalenceRow

    raw = tomllib.loads((files("joulemark.impact") / "data" / "equivalences.toml").read_text())[
        "equivalences"
    ]
    assert len(raw) == len(equivalences())
    with pytest.raises(ValueError, match="needs an amount or a task"):
        EquivalenceRow(
            id="x", title="x", basis="energy", unit="x", source="x", year=2024, licence="x", checked=True
        )


def test_how_many_of_each_an_energy_is() -> None:
    energy = Quantity(value=1.1, low=0.55, high=2.2, unit="kWh", sources=(METER,))
    grams = Quantity(value=393.0, unit="gCO2e", sources=(METER, GRID))
    charges, miles = equal_to(["phone-charge", "petrol-car-mile"], energy_kwh=energy, emissions_gco2e=grams)
    assert (charges.count.value, charges.count.low, charges.count.high) == pytest.approx((50.0, 25.0, 100.0))
    assert [source.id for source in charges.count.sources] == ["meter", "phone-charge"]
    assert miles.count.value == pytest.approx(1.0)
    assert [source.id for source in miles.count.sources] == ["meter", "grid", "petrol-car-mile"]
    assert [e.equivalence.id for e in equal_to(["phone-charge", "petrol-car-mile"], energy_kwh=energy)] == [
        "phone-charge"
    ]


def test_a_year_of_use_by_hand() -> None:
    usage = Usage(
        wh_per_query=own_query(0.4, low=0.3, high=0.6),
        queries_per_day=10,
        users=1000,
        intensity=intensity_of("SWE"),
    )
    year = year_of(usage)
    assert year.queries == 3_650_000
    assert (year.energy.value, year.energy.low, year.energy.high) == pytest.approx((1460.0, 1095.0, 2190.0))
    assert year.emissions.value == pytest.approx(1460.0 * 35.89 / 1000)
    assert (year.emissions.low, year.emissions.high) == pytest.approx((1095 * 0.03589, 2190 * 0.03589))
    assert [source.id for source in year.emissions.sources] == ["reader", "ember-yearly-SWE-2024"]
    equals = {entry.equivalence.id: entry.count for entry in year.equals}
    assert equals["phone-charge"].value == pytest.approx(1460 / 0.022)
    assert equals["petrol-car-km"].value == pytest.approx(1460 * 35.89 / 393 * 1.609344)
    assert equals["petrol-car-km"].high == pytest.approx(2190 * 35.89 / 393 * 1.609344)


def test_no_use_is_no_energy_and_no_count_may_be_negative() -> None:
    query = study_query(load_study(), "text_generation")
    nothing = year_of(Usage(wh_per_query=query, queries_per_day=0, users=5, intensity=own_intensity(100)))
    assert (nothing.energy.value, nothing.energy.high, nothing.emissions.value) == (0, 0, 0)
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite and not negative"):
            year_of(Usage(wh_per_query=query, queries_per_day=bad, users=1, intensity=own_intensity(1)))


def test_a_query_of_the_study_ranges_over_its_models() -> None:
    query = study_query(load_study(), "text_generation")
    assert (query.value, query.low, query.high) == pytest.approx((0.0469, 0.014675, 0.095319), abs=5e-5)
    general = study_query(load_study(), "summarization", "general-purpose")
    assert general.value == pytest.approx(0.131147, abs=1e-6)
    with pytest.raises(LookupError, match="no such figure"):
        study_query(load_study(), "text_generation", "general-purpose")
