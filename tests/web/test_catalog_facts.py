"""Facts of models and hardware: each has a value with a source, or a reason why it is not known."""

from __future__ import annotations

from datetime import date

import pytest

from joulemark.rules.hardware import gpu_of, gpus
from joulemark.suite import load_suite
from measurements.catalog.hardware_facts import GB, facts_named, table
from measurements.catalog.models import HARDWARE_FACTS, MODEL_FACTS, AiModel, HardwareClass, NoFact
from measurements.catalog.services import (
    HUB_RECORD_BEGINS,
    described_facts,
    load_suite_catalog,
    refresh_hardware_facts,
    reported_hardware,
)

NAMES = (
    *("NVIDIA A100-SXM4-80GB", "A100-SXM4-40GB", "NVIDIA A100 80GB PCIe", "NVIDIA A100-PCIE-40GB"),
    *("NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", "NVIDIA H100 NVL", "NVIDIA H200", "Tesla V100-SXM2-32GB"),
    *("Tesla V100-SXM2-16GB", "Tesla V100-PCIE-32GB", "Tesla V100-PCIE-16GB", "NVIDIA L4", "NVIDIA L40S"),
    *(
        "NVIDIA A10",
        "Tesla T4",
        "NVIDIA GeForce RTX 3090",
        "NVIDIA GeForce RTX 4090",
        "NVIDIA GeForce RTX 5090",
    ),
    *("NVIDIA RTX A6000", "NVIDIA RTX 6000 Ada Generation", "NVIDIA B200"),
)


def test_the_table_has_what_the_rules_have_and_agrees_with_them() -> None:
    assert {gpu.id for name in NAMES if (gpu := gpu_of(name))} == {gpu.id for gpu in gpus()}
    for name in NAMES:
        facts, gpu = facts_named(name), gpu_of(name)
        assert facts is not None, name
        assert gpu is not None
        assert facts.memory_bytes is not None
        assert gpu.memory_bytes is not None
        assert gpu.memory_bytes[0] <= facts.memory_bytes <= gpu.memory_bytes[1], name
        assert gpu.default_w is not None
        assert gpu.default_w[0] <= (facts.power_w or 0) <= gpu.default_w[1], name
    for pattern, facts in table():
        assert facts.source, pattern.pattern
        assert facts.architecture
        assert facts.year
        assert 2015 <= facts.year <= 2030


@pytest.mark.django_db
def test_hardware_gets_its_facts_or_the_reason_when_it_becomes_known() -> None:
    known = reported_hardware(slug="t4", title="Tesla T4", kind="gpu", reported_by="a", is_confirmed=True)
    assert (known.memory_bytes, known.power_w, known.architecture, known.year) == (
        16 * GB,
        70.0,
        "Turing",
        2018,
    )
    assert known.not_known == {}
    other = reported_hardware(slug="x", title="GPU X", kind="gpu", reported_by="a", is_confirmed=False)
    assert [other.why_unknown(name) for name in HARDWARE_FACTS] == [NoFact.NOT_IN_TABLE] * 4
    processor = reported_hardware(
        slug="c", title="AMD Ryzen 7 5800X", kind="cpu", reported_by="a", is_confirmed=True
    )
    assert (processor.memory_bytes, processor.why_unknown("memory_bytes")) == (None, NoFact.OF_MACHINE)
    HardwareClass.objects.update(memory_bytes=None, year=None, not_known={})
    assert refresh_hardware_facts() == 3
    assert HardwareClass.objects.get(slug="t4").memory_bytes == 16 * GB
    assert refresh_hardware_facts() == 0


@pytest.mark.django_db
def test_a_models_facts_travel_in_its_suite() -> None:
    load_suite_catalog(load_suite("demo"))
    for model in AiModel.objects.all():
        for name in MODEL_FACTS:
            assert bool(getattr(model, name)) != (name in model.not_known), (model, name)
    packaged = AiModel.objects.get(slug="minilm-l6-v2")
    assert packaged.link == "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2"
    assert packaged.not_known == dict.fromkeys(("owner", "family", "released_on"), NoFact.NOT_STATED)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("released", "stored", "reason"),
    [
        (date(2024, 1, 9), date(2024, 1, 9), None),
        (HUB_RECORD_BEGINS, None, NoFact.BEFORE_HUB_RECORD),
        (None, None, NoFact.NOT_STATED),
    ],
)
def test_the_day_of_release_is_the_hubs_or_has_a_reason(
    released: date | None, stored: date | None, reason: str | None
) -> None:
    facts = described_facts(
        owner="acme", family="bert", licence="mit", link="https://x", parameters=1, released_on=released,
        missing=NoFact.NOT_STATED,
    )  # fmt: skip
    assert facts["released_on"] == stored
    assert facts["not_known"] == ({} if reason is None else {"released_on": reason})
