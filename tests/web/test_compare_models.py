"""Models beside each other: what is shared, ratios from common devices, one form of address, refusals in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from joulemark.consensus.ratio import paired_ratio
from joulemark_simulation.result_rows import GENERAL, SPECIFIC, Run, demo_catalog, make_result
from measurements.boards import model_comparison
from measurements.boards.model_comparison import MAX_MODELS, compare_models
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel
from tests.web.test_pages_texts import check

if TYPE_CHECKING:
    from django.test import Client

PAGE = "/en/compare/models/"
BOTH = f"{PAGE}?model={SPECIFIC}&model={GENERAL}"


@pytest.fixture
def both(db: None) -> list[AiModel]:
    """Three contributors who ran both models, each on a device with a bias of its own."""
    demo_catalog()
    for by, bias in (("ada", 1.0), ("grace", 1.5), ("mary", 0.7)):
        make_result(Run(by=by, device=by, energy_per_query_j=0.5 * bias))
        make_result(Run(by=by, device=by, model=GENERAL, energy_per_query_j=6.0 * bias))
    refresh_stale_cells()
    return list(AiModel.objects.filter(slug__in=(GENERAL, SPECIFIC)).order_by("slug"))


def test_a_bias_of_a_device_cancels_in_a_ratio(both: list[AiModel]) -> None:
    (group,) = compare_models(both).groups
    paired = group.ratios[GENERAL, SPECIFIC]
    assert paired.formed == "same device"
    assert paired.ratio == pytest.approx(12.0)
    assert group.ratios[SPECIFIC, GENERAL].ratio == pytest.approx(1 / 12.0)
    assert [compared.row.model for compared in group.models] == [SPECIFIC, GENERAL]
    assert all(compared.latency_s for compared in group.models)


def test_too_many_devices_are_not_divided_for_a_page(
    both: list[AiModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_comparison, "MAX_DEVICE_VALUES", 2)
    comparison = compare_models(both)
    assert not comparison.within_devices
    (group,) = comparison.groups
    assert group.ratios[GENERAL, SPECIFIC].formed == "cells"
    assert paired_ratio(device_values=[], cell_values=[]) is None


def test_a_page_has_the_numbers_in_both_languages(client: Client, both: list[AiModel]) -> None:
    for language in ("en", "ru"):
        answer = client.get(BOTH.replace("/en/", f"/{language}/"))
        text = answer.content.decode()
        check(text)
        assert answer.status_code == 200
        assert len(re.findall(r'class="point" href="[^"]+" aria-label="[AB] ', text)) == 2
        assert "12" in text
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{BOTH}&grade=estimated").status_code == 200
    assert len([query for query in queries if "answer_cache" not in query["sql"]]) <= 12


def test_an_address_has_one_form(client: Client, both: list[AiModel]) -> None:
    for asked in (
        f"{PAGE}?model={GENERAL}&model={SPECIFIC}",
        f"{PAGE}?model={SPECIFIC}&model={GENERAL}&model=&model={SPECIFIC}&grade=&page=1",
    ):
        answer = client.get(asked)
        assert (answer.status_code, answer["Location"]) == (302, BOTH)
    assert client.get(f"{PAGE}?model=").headers["Location"] == PAGE
    assert "Name at least two models" in client.get(PAGE).content.decode()
    assert client.get(f"{BOTH}&grade=estimated").status_code == 200
    assert "No two of these models" in client.get(f"{BOTH}&grade=measured").content.decode()


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("model=nobody/nothing", "JM-COMPARE-MODEL"),
        ("&".join(f"model=m{number}" for number in range(MAX_MODELS + 1)), "JM-COMPARE-MODELS"),
        ("colour=red", "JM-COMPARE-PARAMETER"),
        ("grade=published", "JM-COMPARE-GRADE"),
        ("page=0", "JM-COMPARE-PAGE"),
        ("page=1e9", "JM-COMPARE-PAGE"),
        ("model=%3Cscript%3Ealert(1)%3C/script%3E", "JM-COMPARE-MODEL"),
        ("model=" + "x" * 900, "JM-COMPARE-MODEL"),
    ],
)
def test_what_is_unknown_is_refused_in_words(client: Client, db: None, query: str, code: str) -> None:
    answer = client.get(f"{PAGE}?{query}")
    text = answer.content.decode()
    check(text)
    assert answer.status_code == 400
    assert code in text
    assert len(text) < 20_000


def test_kinds_have_a_fit_of_energy_against_size(client: Client, db: None) -> None:
    from django.core.management import call_command

    call_command("load_published", verbosity=0)
    text = client.get("/compare/text_classification/").content.decode()
    check(text)
    assert 'class="fit-band"' in text
    assert "energy rises with the number of parameters to the power of" in text
