"""Watts of a busy core: by the names that processors tell, and the same for every estimate on one of them."""

from __future__ import annotations

import csv
import hashlib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.energy.core_watts import ANY_W, core_watts
from joulemark.rules.estimate_rules import all_processor_time_is_counted

TABLE = files("joulemark.energy") / "data" / "processors.csv"
EDITIONS = {"1": "04dac23d"}
"""By the version of JM-CPU-TIME, the first digits of the table's SHA-256."""
ROWS = [
    (row["processor"], float(row["rated_w"]) / int(row["cores"]))
    for row in csv.DictReader(
        line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    )
]


@pytest.mark.parametrize(
    ("told", "processor"),
    [
        ("Intel(R) Xeon(R) CPU E5-2680 v3 @ 2.50GHz", "Xeon E5-2680 v3"),
        ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", "Xeon Gold 6148"),
        ("AMD EPYC 7763 64-Core Processor", "EPYC 7763"),
        ("AMD EPYC 7552 48-Core Processor", "EPYC 7552"),
        ("AMD Ryzen 5 3600X 6-Core Processor", "Ryzen 5 3600X"),
        ("AMD Ryzen 5 3600 6-Core Processor", "Ryzen 5 3600"),
        ("Intel(R) Core(TM) i7-9700K CPU @ 3.60GHz", "Core i7-9700K"),
        ("Intel(R) Core(TM)2 Quad CPU    Q6600  @ 2.40GHz", "Core 2 Quad Q6600"),
        ("AMD FX(tm)-6300 Six-Core Processor", "FX-6300"),
        ("Raspberry Pi 4 Model B Rev 1.4", "Raspberry Pi 4"),
        ("Intel(R) Xeon(R) CPU E5-2665 0 @ 2.40GHz", "Xeon E5-2665"),
        ("Intel(R) Xeon(R) CPU E5-2665 v9 @ 2.40GHz", None),
        ("Intel Xeon Processor (Skylake, IBRS)", None),
        ("AMD EPYC 77630", None),
        ("Apple M2", None),
        ("unnamed riscv64 processor", None),
        ("", None),
    ],
)
def test_the_name_that_a_processor_tells_finds_its_row(told: str, processor: str | None) -> None:
    found = core_watts(told)
    assert found.processor == processor
    assert found.watts == (ANY_W if processor is None else dict(ROWS)[processor])


@given(
    row=st.sampled_from(ROWS),
    maker=st.sampled_from(["", "Intel(R) ", "AMD ", "INTEL "]),
    clock=st.sampled_from(["", " @ 2.10GHz", " CPU @ 3.00GHz", " Processor", " with Radeon Graphics"]),
)
def test_every_row_is_found_however_its_name_is_dressed(
    row: tuple[str, float], maker: str, clock: str
) -> None:
    processor, watts = row
    assert core_watts(f"{maker}{processor}{clock}").processor == processor
    assert core_watts(f"{maker}{processor.upper()}{clock}").watts == watts


@given(st.text(max_size=80))
def test_any_name_has_watts_of_the_table_or_those_of_any(name: str) -> None:
    found = core_watts(name)
    assert (found.processor, found.watts) in [(None, ANY_W), *ROWS]


def test_another_table_is_another_version_of_its_rule() -> None:
    """Results are derived anew when the rules change, so the table must not change without them."""
    digest = hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert EDITIONS[all_processor_time_is_counted.version] == digest[:8]
