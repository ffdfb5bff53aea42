"""The method page's numbers of the study and of impact are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from joulemark.impact.claims import CLOSE
from joulemark.impact.intensity import rows
from joulemark.impact.parity import study_parities
from joulemark.impact.study_ratios import family_ratios, size_overlap, study_size_controlled
from joulemark.suite.published import load_study

STUDY = load_study()
PAGE = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "docs" / "method.md").read_text())


def test_the_table_of_ratios_is_the_codes() -> None:
    titles = {(dataset.task, dataset.id): dataset.title for dataset in STUDY.datasets}
    found: dict[str, list[str]] = {}
    for row in family_ratios(STUDY):
        if row.dataset is not None:
            ratio = row.ratio
            cell = f"{ratio.value:.1f} ({ratio.low:.1f}-{ratio.high:.1f})"
            found.setdefault(titles[row.task, row.dataset].removesuffix(" reviews"), []).append(cell)
    assert len(found) == 9
    for title, cells in found.items():
        assert f"| {title} | {' | '.join(cells)} |" in PAGE


def test_the_size_controlled_factors_are_the_codes() -> None:
    whole = study_size_controlled(STUDY)
    assert whole is not None
    factor = whole.factor
    assert (
        f"uses {factor.value:.2f} times the energy (95 % interval {factor.low:.2f} to {factor.high:.2f};"
        in PAGE
    )
    assert f"over {whole.n_observations} figures of {whole.n_clusters} models" in PAGE
    assert f"to the power of {whole.size_exponent.value:.3f}" in PAGE
    for words, task in (
        ("sentiment", "text_classification"),
        ("question answering", "extractive_qa"),
        ("summarization", "summarization"),
    ):
        found = study_size_controlled(STUDY, task)
        assert found is not None
        factor = found.factor
        assert f"{words} {factor.value:.2f} ({factor.low:.2f} to {factor.high:.2f})" in PAGE
    low, high = size_overlap(STUDY)
    assert f"between {low / 1e6:.0f} and {high / 1e6:.0f} million parameters" in PAGE


def test_parities_years_and_the_rule_are_the_codes() -> None:
    first = study_parities(STUDY)[0]
    assert (
        f"at {first.queries.value / 1e6:.0f} million queries and not at {first.printed / 1e6:.0f} million"
        in PAGE
    )
    off = [row for row in study_parities(STUDY) if "parts-do-not-give-it" in row.causes]
    assert [row.model for row in off] == ["bigscience/bloomz-3b"]
    assert off[0].unexplained == pytest.approx(1e-4, rel=0.1)
    years = {row.year for row in rows()}
    assert f"{min(years)} to {max(years)}" in PAGE
    assert f"within {CLOSE:.0%}".replace("%", " %") in PAGE
