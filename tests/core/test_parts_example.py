"""The worked example of docs/method.md about parts of the queries is what the code gives, and what a hand would."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from random import Random

import numpy as np
import pytest

from joulemark.energy.population import PopulationMean, WindowPart, population_mean

METHOD = Path(__file__).parents[2] / "docs" / "method.md"
QUERIES, WINDOWS, LEAST_S = 80, 6, 8.0


def session() -> tuple[list[WindowPart], np.ndarray, float]:
    """Windows, sizes in the drawn order, and the true mean."""
    chances = Random(48)  # noqa: S311 - chances, no secrets
    sizes = [round(400 * chances.lognormvariate(0.0, 0.6)) for _ in range(QUERIES)]
    seconds = [0.4 + size / 500 + chances.gauss(0.0, 0.08) for size in sizes]
    watts = [chances.gauss(250.0, 5.0) for _ in range(QUERIES)]
    windows, ahead = [], 0
    for _ in range(WINDOWS):
        chosen: list[int] = []
        while sum(seconds[query] for query in chosen) < LEAST_S:
            chosen.append(ahead)
            ahead += 1
        lasted = [seconds[query] for query in chosen]
        joules = sum(seconds[query] * watts[query] for query in chosen)
        windows.append(WindowPart(energy_j=joules, seconds=sum(lasted), durations_s=np.array(lasted)))
    true_j = sum(s * w for s, w in zip(seconds, watts, strict=True)) / QUERIES
    return windows, np.array(sizes, dtype=float), true_j


def interval(found: PopulationMean) -> str:
    return f"{found.per_query_j:.1f} J ± {found.per_query_j * found.relative_half_width:.1f} J"


def table() -> str:
    """In Markdown."""
    windows, sizes, true_j = session()
    found = population_mean(windows, population=QUERIES, sizes=sizes)
    plain = population_mean(windows, population=QUERIES)
    ran = sum(len(part.durations_s) for part in windows)
    spent_s, joules = sum(part.seconds for part in windows), sum(part.energy_j for part in windows)
    assert found.explained is not None
    rows = [
        ("Queries that ran", f"{ran} of {QUERIES} in {WINDOWS} windows"),
        ("Energy, time, power", f"{joules:.0f} J, {spent_s:.2f} s, {joules / spent_s:.2f} W"),
        ("Mean duration of those that ran", f"{spent_s / ran:.4f} s"),
        ("Mean size of those that ran, of all", f"{sizes[:ran].mean():.1f}, {sizes.mean():.1f} characters"),
        ("Variance of durations that sizes explain", f"{found.explained:.1%}"),
        ("Mean duration of all, by regression", f"{spent_s / ran * found.factor:.4f} s"),
        ("`windows`, `queries`", f"{found.windows_u:.3%}, {found.queries_u:.3%}"),
        ("Mean energy of all (95 %)", interval(found)),
        ("the same without sizes", interval(plain)),
        ("True", f"{true_j:.1f} J"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def test_the_documented_example_is_what_comes_out() -> None:
    assert table() in METHOD.read_text(encoding="utf-8"), f"docs/method.md lacks:\n{table()}"


def test_it_is_what_a_hand_would_compute() -> None:
    """Least squares by numpy, and the variance of the choice from its definition."""
    windows, sizes, true_j = session()
    found = population_mean(windows, population=QUERIES, sizes=sizes)
    seconds = np.concatenate([part.durations_s for part in windows])
    slope, start = np.polyfit(sizes[: len(seconds)], seconds, 1)
    power_w = sum(part.energy_j for part in windows) / seconds.sum()
    assert found.per_query_j == pytest.approx(power_w * (start + slope * sizes.mean()), rel=1e-9)
    assert abs(found.per_query_j / true_j - 1) < found.relative_half_width
    plain = population_mean(windows, population=QUERIES)
    left = 1 - len(seconds) / QUERIES
    by_choice = sqrt(left * seconds.var(ddof=1) / len(seconds)) / seconds.mean()
    assert plain.queries_u == pytest.approx(by_choice, rel=0.25), "covariance and Student's t beside it"
