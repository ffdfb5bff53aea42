"""Adaptive replication: agreement in a row is trust, one disagreement ends it, and both show where they should."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from joulemark_simulation.result_rows import SENTIMENT, TOPICS, Run, demo_catalog, make_result
from measurements.boards.models import Cell
from measurements.boards.services import refresh_stale_cells
from measurements.contributors.models import Contributor
from measurements.intake.models import State, Submission
from measurements.review.models import TRUSTED_AFTER, Agreement, Standing
from measurements.review.replication import compare_results
from measurements.review.signals import states_changed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    demo_catalog()


def measured(by: str, joules: float, **more: Any) -> str:
    kind = {"grade": "measured", "scope": "gpu", "announced": True, **more}
    return make_result(Run(by=by, device=f"gpu of {by}", energy_per_query_j=joules, **kind)).pk


def tell(ids: list[str]) -> None:
    """As review does after commit."""
    states_changed.send(sender=Submission, result_ids=ids)


def agreements() -> dict[str, bool | None]:
    return {row.pk: row.agrees for row in Agreement.objects.all()}


def test_a_lone_result_asks_for_another(client: Client) -> None:
    alone = measured("ada", 1.0)
    tell([alone])
    row = Agreement.objects.get()
    assert (row.agrees, row.n_others, row.wants_replication) == (None, 0, True)
    assert Cell.objects.get().tier == "single source"


def test_two_that_agree_ask_for_no_more() -> None:
    ids = [measured("ada", 1.0), measured("grace", 1.03)]
    tell(ids[1:])
    assert agreements() == dict.fromkeys(ids, True)
    assert not Agreement.objects.filter(wants_replication=True).exists()
    assert Cell.objects.get().tier == "replicated"
    assert {standing.in_a_row for standing in Standing.objects.all()} == {1}


def test_a_third_says_which_of_two_is_off() -> None:
    ids = [measured("ada", 1.0), measured("mallory", 1.6)]
    tell(ids)
    assert agreements() == dict.fromkeys(ids, None)
    ids.append(measured("grace", 1.02))
    tell(ids[2:])
    assert agreements()[ids[1]] is False
    mallory = Standing.objects.get(contributor=Submission.objects.get(pk=ids[1]).key.contributor)
    assert (mallory.in_a_row, mallory.disagreed) == (0, 1)


def test_ten_in_a_row_are_trust_and_one_disagreement_ends_it() -> None:
    ada = [measured("ada", 1.0) for _ in range(TRUSTED_AFTER)]
    measured("grace", 1.01), measured("linus", 0.99)
    tell(ada[:1])
    who = Contributor.objects.get(pk=Submission.objects.get(pk=ada[0]).key.contributor_id)
    assert Standing.objects.get(contributor=who).is_trusted
    fresh = [measured("ada", 2.0, dataset=SENTIMENT) for _ in range(40)]
    tell(fresh)
    asked = Agreement.objects.filter(pk__in=fresh, wants_replication=True).count()
    assert 0 < asked < 20, "some are spot-checked, most are not"
    off = measured("ada", 1.9)
    tell([off])
    assert agreements()[off] is False
    assert not Standing.objects.get(contributor=who).is_trusted


def test_comparing_twice_changes_nothing() -> None:
    ids = [measured("ada", 1.0), measured("grace", 1.03)]
    compare_results(result_ids=ids)
    before = list(Agreement.objects.order_by("pk").values()), list(Standing.objects.order_by("pk").values())
    compare_results(result_ids=ids)
    assert before == (
        list(Agreement.objects.order_by("pk").values()),
        list(Standing.objects.order_by("pk").values()),
    )


def test_a_result_that_no_longer_counts_leaves_the_comparison() -> None:
    ids = [measured("ada", 1.0), measured("grace", 1.03)]
    tell(ids)
    Submission.objects.filter(pk=ids[1]).update(state=State.WITHDRAWN)
    tell(ids[1:])
    assert agreements() == {ids[0]: None}
    assert Standing.objects.filter(in_a_row__gt=0).count() == 0
    assert Cell.objects.get().tier == "single source"


def test_the_tier_stands_on_the_board_and_in_the_download(client: Client) -> None:
    measured("ada", 1.0, dataset=TOPICS), measured("grace", 1.03, dataset=TOPICS)
    measured("linus", 0.99, dataset=TOPICS)
    refresh_stale_cells()
    rows = client.get("/api/v1/boards/demo-1-measured/text_classification.json").json()["rows"]
    assert [row["tier"] for row in rows] == ["replicated"]  # three who state no uncertainty are not enough
    page = client.get("/boards/demo-1-measured/text_classification/", headers={"Accept-Language": "ru"})
    assert "повторено" in page.content.decode()


def test_a_result_that_nobody_announced_lifts_no_tier() -> None:
    ids = [measured("ada", 1.0), measured("grace", 1.01, announced=False)]
    tell(ids)
    assert agreements() == dict.fromkeys(ids, None)
    assert Cell.objects.get().tier == "several sources"
