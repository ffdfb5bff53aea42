"""The benchmarks still run: one short round each, whose figures go to a folder of the test.

Rounds of what is measured in energy are part of every run; those that time this machine are `make check-benches`.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
PLOTS = {"-m benchmarks.meters.plot"}
"""Programs of a target that measure nothing."""


def figures(
    folder: Path, area: str, *command: str, limit_s: float = 240, **more: str
) -> list[dict[str, Any]]:
    """The rows that the benchmark wrote within `limit_s`, without the machine."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "JOULEMARK_BENCH_FOLDER": str(folder), **more},
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    machine, *rows = json.loads((folder / f"{area}.json").read_text())
    assert machine["versions"]
    return rows


def test_every_benchmark_that_make_runs_is_run_here() -> None:
    """One that is not would break without anybody's seeing it, as one did when the worker's log became JSON."""
    lines = (ROOT / "Makefile").read_text().splitlines()
    targets = [number for number, line in enumerate(lines) if line.startswith("bench-")]
    programs = {
        line.split(" ", 1)[1]
        for number in targets
        for line in itertools.takewhile(lambda line: line.startswith("\t"), lines[number + 1 :])
    }
    assert len(programs) >= 15
    here = Path(__file__).read_text()
    called = {program for program in programs if '"' + '", "'.join(program.split(" ")) + '"' in here}
    assert programs - called == PLOTS


def test_start_up_is_measured(tmp_path: Path) -> None:
    assert {row["tool"] for row in figures(tmp_path, "startup", "benchmarks/startup.py")} >= {"joulemark"}


def test_ours_is_the_best_meter_of_one_card(tmp_path: Path) -> None:
    """One trial of every cell of one card; the whole table is `make bench-meters`."""
    rows = figures(tmp_path, "meters", "-m", "benchmarks.meters", "--profile", "V100", "--trials", "1")
    sizes: dict[str, dict[str, float]] = {}
    queries: dict[str, float] = {}
    for row in rows:
        if row["metric"] == "mean absolute error" and row["value"] is not None:
            if row["tool"] == "joulemark, queries":
                queries[row["case"]] = row["value"]
            else:
                sizes.setdefault(row["case"], {})[row["tool"]] = row["value"]
    assert len(sizes) == 28
    beaten = {
        case: size
        for case, size in sizes.items()
        if "joulemark" in size and size["joulemark"] > min(size.values()) + 0.1 and "x1" not in case.split()
    }
    assert beaten == {}
    unmeasured = {case for case, size in sizes.items() if "joulemark" not in size}
    assert unmeasured == {"V100, part-time, 30 ms burst x1"}
    assert set(queries) == {case for case in sizes if "square" in case}
    assert {case: size for case, size in queries.items() if "part-time" in case and size > 2} == {}
    seconds = [row for row in rows if row["metric"] == "session time" and row["tool"] == "joulemark"]
    assert len(seconds) == 28
    assert all(row["unit"] == "s" and row["value"] > 60 for row in seconds)  # at rest before and after


@pytest.mark.benches
def test_the_loop_is_measured_beside_a_bare_one(tmp_path: Path) -> None:
    rows = figures(tmp_path, "workloads", "benchmarks/workloads.py", "--rounds", "2", "--queries", "12")
    assert {row["tool"]: row["unit"] for row in rows if row["metric"] == "overhead"} == {
        "joulemark / bare loop": "%",
        "bare loop / bare loop": "%",
    }
    intervals = [row for row in rows if row["metric"] == "overhead, 95 % interval"]
    assert len(intervals) == 2
    assert all(row["spread"][0] <= row["value"] <= row["spread"][1] for row in intervals)


@pytest.mark.benches
def test_the_log_is_measured_beside_a_peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_LEAVES", "600")
    monkeypatch.setenv("BENCH_ROUNDS", "2")
    rows = figures(tmp_path, "ledger", "benchmarks/ledger.py")
    assert {row["tool"].split(",")[0] for row in rows} >= {"joulemark", "pymerkle"}
    assert all(row["value"] > 0 for row in rows)


@pytest.mark.benches
def test_uploads_are_measured_beside_a_bare_insert(tmp_path: Path) -> None:
    rows = figures(
        tmp_path,
        "intake",
        "benchmarks/intake.py",
        BENCH_ROUNDS="1",
        BENCH_REQUESTS="40",
        BENCH_BATCHES="2",
    )
    rates = {(row["case"], row["tool"]): row["value"] for row in rows if row["metric"] == "rate"}
    assert set(rates) == {
        ("verdict queued", "joulemark"),
        ("verdict queued", "bare insert"),
        ("by 64", "joulemark"),
        ("by 64", "cores x check"),
        ("worker judging", "joulemark"),
    }
    assert min(rates.values()) > 0


@pytest.mark.benches
def test_a_flood_of_one_cell_is_drained_while_others_get_their_verdicts(tmp_path: Path) -> None:
    rows = figures(
        tmp_path, "judging", "benchmarks/judging.py", BENCH_RESULTS="100", BENCH_LARGEST="2", limit_s=400
    )
    found = {(row["case"], row["metric"]): row["value"] for row in rows}
    assert found["100 results of one cell", "drained"] > 0
    assert found["100 results of one cell", "verdict on another cell's result"] > 0
    assert found["2 of the largest bundles", "memory of the worker's process at most"] < 500


@pytest.mark.benches
def test_decoding_is_measured_beside_a_peer(tmp_path: Path) -> None:
    rows = figures(tmp_path, "record", "benchmarks/record.py")
    assert {row["tool"] for row in rows} == {"msgspec", "pydantic", "pydantic / msgspec"}


@pytest.mark.benches
def test_what_the_sampler_costs_is_measured(tmp_path: Path) -> None:
    assert figures(tmp_path, "sampler", "benchmarks/sampler.py", BENCH_BLOCKS="4", BENCH_SESSION_S="60")


@pytest.mark.benches
def test_verdicts_are_measured_beside_the_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_RESULTS", "8")
    monkeypatch.setenv("BENCH_ROUNDS", "1")
    rows = figures(tmp_path, "review", "benchmarks/review.py")
    assert {(row["case"], row["tool"]) for row in rows if row["metric"] == "rate"} == {
        (case, tool) for case in ("CPU estimate", "A100 session") for tool in ("joulemark", "rules alone")
    }
    assert all(0 < row["value"] <= 1 for row in rows if row["metric"] == "ratio")


@pytest.mark.benches
def test_a_refresh_is_measured_beside_all_cells_and_duckdb_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_RESULTS", "2000")
    monkeypatch.setenv("BENCH_TIMES", "2")
    monkeypatch.setenv("BENCH_REFRESHES", "10")
    rows = figures(tmp_path, "cells", "benchmarks/cells.py")
    assert {(row["case"], row["tool"]) for row in rows} == {
        ("2,000 results", "joulemark"),
        ("2,000 results", "percentile_cont"),
        ("2,000 results", "one / all"),
        ("2,000 results", "export"),
        ("2,000 results", "DuckDB"),
        ("2,000 results", "percentile_cont / DuckDB"),
        ("2,000 results", "rebuild"),
        ("4,000 results", "joulemark"),
        ("4,000 results", "beside 2,000 results"),
    }
    assert all(row["value"] > 0 for row in rows)


@pytest.mark.timeout(1000)
@pytest.mark.benches
def test_every_page_of_a_large_platform_is_measured(tmp_path: Path) -> None:
    """With no patience: each page is asked, and none by sixteen clients; the whole table is `make bench-scale`."""
    few = {"BENCH_RESULTS": "4000", "BENCH_TIMES": "1", "BENCH_CELLS": "120", "BENCH_PATIENCE": "0"}
    few |= {"BENCH_FOLDER": str(tmp_path / "large")}
    fill = [sys.executable, "benchmarks/scale.py", "--fill", "3000"]
    subprocess.run(fill, cwd=ROOT, env={**os.environ, **few}, check=True, timeout=300)
    rows = figures(tmp_path, "scale", "benchmarks/scale.py", limit_s=900, **few)
    assert json.loads((tmp_path / "large/platform/large-platform.json").read_text())["total"] == 4000
    more = {**os.environ, **few, "BENCH_RESULTS": "9000"}
    refused = subprocess.run(
        fill, cwd=ROOT, env=more, capture_output=True, text=True, check=False, timeout=300
    )
    assert (refused.returncode, "made for 4,000 results" in refused.stderr) == (2, True)
    measured: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["tool"] == "joulemark, 4,000":
            measured.setdefault(row["case"], {})[row["metric"]] = row["value"]
    assert {
        "/en/",
        "/en/boards/{series}/{task}/",
        "/api/v1/boards/{series}/{task}.csv",
        "/en/results/?page=2",
    } <= set(measured)
    assert all(values["cold CPU"] > 0 and values["peak memory"] > 0 for values in measured.values())
    assert measured["/en/boards/{series}/{task}/"]["raw"] > 50
    assert measured["/en/compare/{task}/"]["statements"] >= 1
    assert {row["case"] for row in rows if row["tool"].startswith("stock Django, ")} == {
        "100 cells",
        "100 results",
    }
    goals = [row for row in rows if row["tool"] == "goals, 4,000"]
    assert {row["unit"] for row in goals} == {f"of {len(measured)}"}


@pytest.mark.timeout(1000)
@pytest.mark.benches
def test_what_readers_wait_for_is_measured_beside_stock_django(tmp_path: Path) -> None:
    """One round on a small platform; the whole table is `make bench-site`."""
    few = {"RESULTS": "1500", "CELLS": "60", "IN_CELL": "200", "ROUNDS": "1", "REPEATS": "8", "COLD": "4"}
    few = {f"BENCH_{name}": value for name, value in few.items()}
    rows = figures(tmp_path, "site", "benchmarks/site.py", limit_s=900, **few)
    tools = {(row["case"], row["tool"]) for row in rows}
    assert {("a board, 100 rows", "joulemark"), ("100 cells", "stock Django")} <= tools
    assert {row["case"] for row in rows if row["metric"] == "warm, beside memory"} >= {
        "the front page", "a cell of 200 results",
    }  # fmt: skip
    sent = {row["case"]: row["value"] for row in rows if row["metric"] == "sent"}
    assert len(sent) > 25
    assert {case: kb for case, kb in sent.items() if kb > 100 and not case.endswith(".png")} == {}
    statements = {row["case"]: row["value"] for row in rows if row["metric"] == "statements"}
    more = {"/en/needed/": 20, "/en/datasets/{task}/{dataset}/": 13}  # of a process that has read nothing yet
    assert {case: n for case, n in statements.items() if n > more.get(case, 12)} == {}


@pytest.mark.benches
def test_a_kept_page_costs_a_fraction_of_a_computed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_ROUNDS", "1")
    rows = figures(tmp_path, "answers", "benchmarks/answers.py")
    costs = {row["metric"].partition(", ")[2]: row["value"] for row in rows if row["tool"] == "joulemark"}
    assert set(costs) == {"computed", "out of Redis", "warm", "not modified", "not kept"}
    assert all(10 * costs[name] < costs["computed"] for name in ("out of Redis", "warm", "not modified"))


@pytest.mark.benches
def test_whole_lists_are_measured_beside_copy(tmp_path: Path) -> None:
    """Few rows, once; a million and ten are `make bench-data`."""
    few: dict[str, Any] = {"BENCH_ROWS": "3000", "BENCH_TIMES": "2", "BENCH_ROUNDS": "1"}
    rows = figures(tmp_path, "data", "benchmarks/data.py", **few)
    assert {
        (row["case"], row["tool"].partition(" / ")[0]) for row in rows if row["metric"] == "ratio of rates"
    } >= {
        *((f"3,000 x 25 {form}", "joulemark") for form in ("csv", "jsonl", "parquet")),
        *(
            ("3,000 x 25 over HTTP", f"joulemark, {what}")
            for what in ("live", "made.csv", "made.csv.gz", "made.parquet")
        ),
    }
    assert [row["tool"] for row in rows if row["metric"] == "ratio of times"] == [
        "stock ModelSerializer / joulemark"
    ]
    memory = {row["case"] for row in rows if row["metric"] == "memory above its start"}
    assert memory == {f"{n} x 25 {form}" for n in ("3,000", "6,000") for form in ("csv", "jsonl", "parquet")}
    assert all(row["value"] > 0 for row in rows if row["unit"] != "MB")


@pytest.mark.benches
def test_replays_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few results, once; the benchmark itself asserts that nothing differs."""
    for name, value in {"BENCH_RESULTS": "8", "BENCH_CROWDS": "3x2,4x3", "BENCH_ROUNDS": "1"}.items():
        monkeypatch.setenv(name, value)
    rows = figures(tmp_path, "replay", "benchmarks/replay.py")
    assert {row["case"].partition(",")[0] for row in rows} == {"CPU estimates", "A100 sessions"}
    assert len(rows) == 8
    assert all(row["value"] > 0 for row in rows if row["metric"] in {"whole command", "memory at most"})


def test_intervals_hold_the_truth_with_sensors_that_err(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few cells of every crowd; the whole table is `make bench-intervals`, and tests/core has its law."""
    monkeypatch.setenv("BENCH_CELLS", "40")
    rows = figures(tmp_path, "intervals", "benchmarks/intervals.py")
    displayed = {
        row["case"]: row["value"]
        for row in rows
        if row["metric"] == "holds the true energy" and row["tool"] == "interval with the sensors' error"
    }
    assert len(displayed) == 18
    assert min(displayed.values()) >= 93


def test_ours_errs_least_where_others_are_dirty_or_collude(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few cells of every crowd; the whole table is `make bench-consensus`."""
    monkeypatch.setenv("BENCH_CELLS", "120")
    rows = figures(tmp_path, "consensus", "benchmarks/consensus.py")
    errors: dict[str, dict[str, float]] = {}
    for row in rows:
        if row["metric"] == "root-mean-square error":
            errors.setdefault(row["case"], {})[row["tool"]] = row["value"]
    forty = {case: by_tool for case, by_tool in errors.items() if case.startswith("40 devices")}
    assert len(forty) >= 3
    for case, by_tool in forty.items():
        if "clean" not in case:
            assert by_tool["joulemark"] == min(by_tool.values()), case


def test_the_lean_protocol_costs_less_and_holds_the_mean(tmp_path: Path) -> None:
    """A few cells; the whole suite, the full protocol's clock and real models are `make bench-lean`."""
    rows = figures(
        tmp_path,
        "lean",
        "benchmarks/lean.py",
        BENCH_CELLS="40",
        BENCH_REPEATS="2",
        BENCH_FULL="0",
        BENCH_REAL="0",
    )
    hours = {row["tool"]: row["value"] for row in rows if row["unit"] == "GPU hours"}
    assert hours["a100-2024-lean"] < 23 < hours["a100-2024"]
    held = {row["case"]: row["value"] for row in rows if row["metric"] == "interval holds the mean"}
    assert held["8 sessions on a card"] >= 75
