"""Which queries a window runs follows from the seed alone, and anyone can recompute it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.suite import SampleTooLarge, load_suite
from joulemark.suite.sampling import draw

SEEDS = st.integers(min_value=0, max_value=2**48 - 1)
IDS = st.lists(st.from_regex(r"\A[a-z][0-9]{1,4}\Z"), min_size=1, max_size=60, unique=True)


def sample(
    ids: list[str], *, seed: int = 7, count: int, dataset: str = "d", revision: str = "r"
) -> tuple[str, ...]:
    return draw(dataset=dataset, revision=revision, ids=ids, seed=seed, count=count).query_ids


@given(IDS, SEEDS, st.data())
def test_a_sample_is_distinct_queries_of_the_data_set(ids: list[str], seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(ids)))
    chosen = sample(ids, seed=seed, count=count)
    assert len(chosen) == len(set(chosen)) == count
    assert set(chosen) <= set(ids)


@given(IDS, SEEDS, st.randoms())
def test_the_order_of_rows_does_not_matter(ids: list[str], seed: int, random: Random) -> None:
    shuffled = list(ids)
    random.shuffle(shuffled)
    assert sample(ids, seed=seed, count=len(ids)) == sample(shuffled, seed=seed, count=len(ids))


@given(IDS, SEEDS, st.data())
def test_a_smaller_sample_begins_a_larger_one(ids: list[str], seed: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(ids)))
    assert sample(ids, seed=seed, count=len(ids))[:count] == sample(ids, seed=seed, count=count)


def test_every_query_is_chosen_about_equally_often() -> None:
    ids = [f"q{number}" for number in range(20)]
    counts = dict.fromkeys(ids, 0)
    for seed in range(2000):
        for query_id in sample(ids, seed=seed, count=5):
            counts[query_id] += 1
    assert all(420 <= count <= 580 for count in counts.values())  # 500 expected, standard deviation 19


def test_the_order_is_that_of_the_written_formula() -> None:
    ids = ["s001", "s002", "s003", "s004"]
    expected = sorted(ids, key=lambda query_id: hashlib.sha256(f"42|demo|{query_id}".encode()).hexdigest())
    assert list(sample(ids, seed=42, count=4, dataset="demo")) == expected


def test_the_digest_covers_data_set_revision_and_order() -> None:
    drawn = draw(dataset="d", revision="r", ids=["a", "b", "c"], seed=1, count=3)
    assert drawn.sha256 == hashlib.sha256("\n".join(("d", "r", *drawn.query_ids)).encode()).hexdigest()
    assert draw(dataset="d", revision="s", ids=["a", "b", "c"], seed=1, count=3).sha256 != drawn.sha256
    assert (
        len({draw(dataset="d", revision="r", ids="abc", seed=seed, count=3).sha256 for seed in range(50)}) > 1
    )


@pytest.mark.parametrize("count", [-1, 0, 17])
def test_a_sample_that_cannot_be_drawn_says_how_many_there_are(count: int) -> None:
    with pytest.raises(SampleTooLarge, match="16 queries: ask for 1 to 16"):
        load_suite("demo").sample("demo-texts", seed=1, count=count)


def test_python_s_hash_seed_does_not_matter() -> None:
    program = "from joulemark.suite import load_suite; print(load_suite('demo').sample('demo-topics', 99, 15).sha256)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert digests == {load_suite("demo").sample("demo-topics", 99, 15).sha256}
