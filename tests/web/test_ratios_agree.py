"""One ratio for the same models on the same data, wherever it is printed, and never without its interval."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command

from joulemark_simulation.result_rows import (
    GENERAL,
    SENTIMENT,
    SPECIFIC,
    TOPICS,
    Run,
    demo_catalog,
    make_result,
)
from measurements.boards.services import refresh_stale_cells
from measurements.catalog.models import AiModel
from measurements.display.numbers import significant

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
TASKS = ("text_classification", "extractive_qa", "summarization")
PRINTS_RATIOS = {"_ratio.html", "_compare_table.html", "home.html", "claims.html", "compare_list.html"}
"""The templates that print a ratio. Who adds one adds it to the law below."""
OTHER_RATIOS = {"_hardware_cards.html", "changes.html"}
"""Ratios of something else than two kinds of models: two kinds of hardware, a value beside what it was."""
RATIO = re.compile("([0-9.\u202f]+)\u202f\u00d7")


@pytest.fixture(autouse=True)
def crowd(db: None) -> None:
    """Three contributors with two models of each kind on one data set, and one pair on another; and the study."""
    demo_catalog()
    call_command("load_published", verbosity=0)
    models = {SPECIFIC: 0.4, GENERAL: 6.0}
    for slug, kind, energy in (("small-two", "task-specific", 0.5), ("large-two", "general-purpose", 4.0)):
        AiModel.objects.create(slug=slug, title=slug.title(), kind=kind, parameters=10**8)
        models[slug] = energy
    for by, factor in (("ada", 1.0), ("grace", 1.25), ("lin", 0.875)):
        for model, energy in models.items():
            make_result(Run(by=by, device=by, model=model, energy_per_query_j=energy * factor))
        for model in (SPECIFIC, GENERAL):
            energy = models[model] * factor
            make_result(Run(by=by, device=by, dataset=SENTIMENT, model=model, energy_per_query_j=energy))
    refresh_stale_cells()


def printed(row: dict[str, Any]) -> tuple[str, str]:
    """The ratio and its interval as a page prints them; of a row of the API."""
    low, high = row["over_models_low"], row["over_models_high"]
    if low is None or high is None:
        return significant(row["ratio"]), "one pair of models: not representative of others"
    return significant(row["ratio"]), f"{significant(low)} \u2013 {significant(high)}"


def comparisons(client: Client) -> list[dict[str, Any]]:
    return [row for task in TASKS for row in client.get(f"/api/v1/comparisons/{task}.json").json()["rows"]]


def words(page: str) -> str:
    page = page.replace("\xa0\u2013\u2060\xa0", " \u2013 ")  # a range that no line may break
    return re.sub(r"[ \t\n]+", " ", re.sub(r"<[^>]+>", " ", page)).replace("( ", "(").replace(" )", ")")


def test_every_place_prints_the_same_ratio_with_the_same_interval(client: Client) -> None:
    rows = comparisons(client)
    known = {printed(row) for row in rows}
    assert len(rows) == 2 + 3 * 4
    places: dict[str, Callable[[str], str]] = {
        "/": lambda page: page[
            : page.index("At equal size")
        ],  # what follows is the factor, no ratio of pairs
        "/compare/": lambda page: (
            page[: page.index('id="equal-size"')] if 'id="equal-size"' in page else page
        ),
        **{f"/compare/{task}/": lambda page: page[page.index('id="crowd-name"') :] for task in TASKS},
        "/claims/": lambda page: page[page.index('id="ratios-name"') : page.index('<section class="claim">')],
    }
    total = 0
    for address, section in places.items():
        text = words(section(client.get(address).content.decode()))
        by_family = set()
        if address == "/claims/":
            families = client.get("/api/v1/claims/").json()["ratios"]
            by_family = {
                (
                    significant(entry["value"]),
                    f"{significant(entry['low'])} \u2013 {significant(entry['high'])}",
                )
                for entry in (row["ratio"] for row in families)
            }
        for found in RATIO.finditer(text):
            after = text[found.end() : found.end() + 140]
            mine = [entry for entry in known | by_family if entry[0] == found[1]]
            assert any(interval in after for _, interval in mine), (address, found[1], after, mine)
            total += 1
    assert total >= 2 + (3 + 2) + 14 + 36


def test_claims_and_comparisons_have_the_same_numbers_of_the_study(client: Client) -> None:
    by_place = {
        (row["task"], row["dataset"]): row for row in comparisons(client) if row["series"] == "study-2024"
    }
    whole = [row for row in client.get("/api/v1/claims/").json()["ratios"] if row["family"] is None]
    assert len(whole) == len(by_place) == 12
    for row in whole:
        other = by_place[row["task"], row["dataset"] or ""]
        assert row["ratio"]["value"] == pytest.approx(other["ratio"], rel=1e-12)
        assert row["ratio"]["low"] == pytest.approx(other["over_models_low"], rel=1e-12)
        assert row["ratio"]["high"] == pytest.approx(other["over_models_high"], rel=1e-12)
        assert row["ratio"]["degrees"] == pytest.approx(other["over_models_degrees"], rel=1e-9)
        assert (row["n_above"], row["n_below"]) == (8, 8)
        for name in ("metric", "difference", "low", "high"):
            assert [q[name] for q in row["quality"]] == [q[name] for q in other["quality_difference"]]


def test_every_template_that_prints_a_ratio_is_known() -> None:
    found = {
        path.name
        for path in (ROOT / "measurements").glob("**/*.html")
        if re.search(r"ratio[a-z_.]*(\.value)?\|times|factor\.value\|times", path.read_text())
    }
    assert found == PRINTS_RATIOS | OTHER_RATIOS


def test_the_csv_has_interval_models_and_quality(client: Client) -> None:
    text = client.get("/api/v1/comparisons/text_classification.csv").content.decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    rows = client.get("/api/v1/comparisons/text_classification.json").json()["rows"]
    for line, row in zip(lines, rows, strict=True):
        assert line["over_models_low"] == (
            "" if row["over_models_low"] is None else str(row["over_models_low"])
        )
        assert line["general_purpose_models"] == ";".join(row["general_purpose_models"])
        assert line["quality_difference"] == ";".join(
            f"{q['metric']}={q['difference']}" for q in row["quality_difference"]
        )


def test_two_models_of_each_kind_have_an_interval_and_one_pair_says_what_it_is(client: Client) -> None:
    rows = {
        row["dataset"]: row
        for row in client.get("/api/v1/comparisons/text_classification.json").json()["rows"]
        if row["grade"] == "estimated"
    }
    two, one = rows[TOPICS], rows[SENTIMENT]
    assert two["over_models_low"] < two["ratio"] < two["over_models_high"]
    assert two["no_interval"] is None
    assert two["n_pairs"] == 4
    assert (one["over_models_low"], one["no_interval"], one["n_pairs"]) == (None, "one-pair", 1)
    assert one["low_95"] < one["ratio"] < one["high_95"]
    page = words(client.get("/").content.decode())
    titles = dict(AiModel.objects.values_list("slug", "title"))
    assert f"{titles[GENERAL]} versus {titles[SPECIFIC]}" in page
    assert "2 general-purpose and 2 task-specific models, 4 pairs" in page


def test_unlike_jobs_are_said(client: Client) -> None:
    """A summary picked out of a text beside one that is written; and the study's question answering."""
    for by in ("ada", "lin"):
        for model, energy in ((SPECIFIC, 0.1), (GENERAL, 30.0)):
            make_result(Run(by=by, device=by, dataset="demo-texts", model=model, energy_per_query_j=energy))
    refresh_stale_cells()
    rows = {(row["series"], row["task"], row["dataset"]): row for row in comparisons(client)}
    demo = rows["demo-1-estimated", "summarization", "demo-texts"]
    assert demo["unlike_jobs"]
    assert (demo["general_purpose_answers"], demo["task_specific_answers"]) == (["writes"], ["picks"])
    assert not rows["demo-1-estimated", "text_classification", TOPICS]["unlike_jobs"]
    assert rows["study-2024", "extractive_qa", "squad"]["unlike_jobs"]
    assert not rows["study-2024", "summarization", "xsum"]["unlike_jobs"]
    sentence = (
        "Different jobs: general-purpose models generate their answers, task-specific models extract their answers "
        "from the text."
    )
    for address in ("/", "/compare/", "/compare/summarization/", "/compare/extractive_qa/"):
        assert sentence in client.get(address).content.decode(), address
    assert "different jobs" in client.get("/claims/").content.decode()


def test_quality_stands_beside_the_ratio(client: Client) -> None:
    rows = [row for row in comparisons(client) if row["series"] == "study-2024" and row["dataset"]]
    assert all(len(row["quality_difference"]) == 1 for row in rows)
    imdb = next(row for row in rows if row["dataset"] == "imdb")["quality_difference"][0]
    assert (imdb["metric"], imdb["over_models"], imdb["n_pairs"]) == ("accuracy", True, 64)
    assert imdb["low"] < imdb["difference"] < imdb["high"]
    page = words(client.get("/compare/text_classification/").content.decode())
    assert f"accuracy +{significant(imdb['difference'], digits=2)} (+" in page
