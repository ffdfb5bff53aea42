"""At equal size: the factor out of volunteers' results, with intervals that allow for contributors."""

from __future__ import annotations

import random

import pytest
from django.test import Client

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards.equal_size import read_equal_size
from measurements.boards.series import all_series
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel

pytestmark = pytest.mark.django_db
OTHER = "efficientnet-lite0"


@pytest.fixture(autouse=True)
def catalog(db: None) -> None:
    demo_catalog()


def measure(*, models: tuple[str, ...]) -> None:
    """Six people: energy grows as the root of size, general-purpose models take four times as much at equal size."""
    chance = random.Random(7)  # noqa: S311 - a seeded crowd
    sizes = {model.slug: model.parameters or 0 for model in AiModel.objects.all()}
    for number in range(6):
        scale = chance.lognormvariate(0, 0.1)
        for dataset in (TOPICS, SENTIMENT):
            for model in models:
                energy = scale * (sizes[model] / 1e6) ** 0.5 * (4 if model == GENERAL else 1)
                energy *= chance.lognormvariate(0, 0.01)
                run = Run(
                    by=f"p{number}",
                    device=f"d{number}",
                    dataset=dataset,
                    model=model,
                    energy_per_query_j=energy,
                )
                make_result(run)
    refresh_stale_cells()


def test_the_factor_is_found_and_shown(client: Client) -> None:
    measure(models=(SPECIFIC, OTHER, GENERAL))
    (one,), n_missing = read_equal_size(all_series())
    assert n_missing == 0
    assert one.series.slug == "demo-1-estimated"
    assert one.estimate.n_clusters == 6
    assert 3.5 < one.estimate.factor.low < one.estimate.factor.value < one.estimate.factor.high < 4.5
    assert one.estimate.factor.value == pytest.approx(4, rel=0.1)
    assert one.estimate.size_exponent.value == pytest.approx(0.5, abs=0.05)
    page = client.get("/compare/").content.decode()
    assert "At equal size" in page


def test_where_size_and_kind_vary_together_nothing_is_claimed(client: Client) -> None:
    measure(models=(SPECIFIC, GENERAL))
    assert read_equal_size(all_series()) == ([], 0)
    assert "At equal size" not in client.get("/compare/").content.decode()
