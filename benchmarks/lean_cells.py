"""Populations of queries as the lean protocol may meet them: durations, powers and sizes of 1,000 queries of a cell.

Mean durations are those of the 2024 study; no source has how single queries differ, so that is drawn for each cell from
what each kind of work does: log-normal input tokens, outputs of geometric length up to a cap, pictures of log-normal
size, the same steps for every generated picture. Long outputs draw less power than long inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from joulemark.suite import load_suite
from joulemark.suite.estimate import JobEstimate, estimate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

QUERIES = 1000
LOAD_W = 250.0
SEED = 20261130
READING = frozenset({"text_classification", "masked_lm", "token_classification", "extractive_qa"})
LOOKING = frozenset({"image_classification", "object_detection"})
POWERS = (0.75, 1.2)
JITTER = 0.02
POWER_JITTER = 0.01
"""What one query differs from another of the same size, relative standard deviations."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`seconds` and `watts` of each query; `sizes` as an agent knows them beforehand."""

    job: str
    seconds: Floats
    watts: Floats
    sizes: Floats

    @property
    def mean_j(self) -> float:
        """What the whole population takes on average: the truth."""
        return float((self.seconds * self.watts).mean())

    @property
    def spread(self) -> float:
        """Standard deviation of the durations over their mean."""
        return float(self.seconds.std() / self.seconds.mean())

    @property
    def task(self) -> str:
        """Of the job."""
        return self.job.partition("/")[0]


def cells() -> list[Cell]:
    """One for each cell of the standard suite that runs."""
    rows = [row for row in estimate(load_suite("a100-2024")) if row.obstacle is None]
    return [_cell(row, np.random.default_rng([SEED, number])) for number, row in enumerate(rows)]


def _cell(row: JobEstimate, chance: np.random.Generator) -> Cell:
    assert row.query_s is not None
    task = row.job.partition("/")[0]
    longest = np.log(chance.uniform(20, 300))
    tokens = np.minimum(np.exp(chance.normal(longest, chance.uniform(0.3, 1.0), QUERIES)), 1024).round() + 2
    sizes = 4.5 * tokens * chance.normal(1.0, 0.05, QUERIES)  # characters of a token differ from text to text
    read = tokens / tokens.mean()
    watts = np.ones(QUERIES)
    if task in READING:
        share = chance.uniform(0.2, 0.7) if task == "extractive_qa" else chance.uniform(0.02, 0.5)
        work, watts = 1 - share + share * read, 1 + (read - 1) / 30
    elif task in LOOKING:
        sizes = np.exp(chance.normal(np.log(2e5), 0.4, QUERIES))
        work = 0.6 + 0.4 * sizes / sizes.mean()
        watts = 1 + (work - 1) / 20
    elif task == "summarization":
        written = _outputs(chance, mean=(20, 60), caps=(60, 128, 142), least=(0, 10, 56))
        work = 0.05 + 0.05 * read + 0.9 * written / written.mean()
        watts = 0.9 + 0.1 * (read / written) / (read / written).mean()
    elif task == "text_generation":
        written = _outputs(chance, mean=(20, 200), caps=(10, 20, 50), least=(0,))
        work = 0.05 + 0.02 * read + 0.93 * written / written.mean()
    elif task == "image_captioning":
        written = _outputs(chance, mean=(10, 11), caps=(20,), least=(5,))
        work = 0.3 + 0.7 * written / written.mean()
        watts = 1 - 0.05 * (work - 1)
    else:
        work = chance.normal(1.0, 0.003, QUERIES)
    watts = np.clip(watts, *POWERS)  # between what memory and what arithmetic alone draw
    jitter = 0.002 if task == "image_generation" else JITTER
    work = np.maximum(work * chance.normal(1.0, jitter, QUERIES), 0.05)
    watts = LOAD_W * watts * chance.normal(1.0, POWER_JITTER, QUERIES)
    return Cell(job=row.job, seconds=work * (row.query_s / work.mean()), watts=watts, sizes=sizes.round())


def _outputs(
    chance: np.random.Generator, *, mean: tuple[float, float], caps: tuple[int, ...], least: tuple[int, ...]
) -> Floats:
    """Tokens written: after `least`, each is the last one with the same probability, up to a cap."""
    begin = chance.choice(least)
    lengths = begin + chance.geometric(1 / chance.uniform(*mean), QUERIES)
    return np.asarray(np.minimum(lengths, chance.choice(caps)), dtype=np.float64)
