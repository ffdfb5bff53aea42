"""docs/rules.md is what the rules say, every rule is asked, and the facts of GPUs are whole and plausible."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import joulemark.rules
from joulemark.rules.hardware import Gpu, gpu_of, gpus
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark.rules.page import main, with_rules
from joulemark.rules.rule import Rule

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "rules.md"
CODE = re.compile(r"JM-[A-Z]+(-[A-Z]+)*")


def test_the_page_is_what_the_rules_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_rules(text) == text, "run `make rules-docs`"


def test_the_page_is_written_between_its_marks_alone(tmp_path: Path) -> None:
    file = tmp_path / "rules.md"
    text = PAGE.read_text(encoding="utf-8")
    head, tail = "By hand.\n", "\nAlso by hand.\n"
    start, end = (
        text.index("<!-- rules: written"),
        text.index("<!-- rules: end -->") + len("<!-- rules: end -->"),
    )
    file.write_text(head + text[start:end].replace("JM-DIRTY", "JM-GONE") + tail, encoding="utf-8")
    assert main([str(file)]) == 0
    assert file.read_text(encoding="utf-8") == head + text[start:end] + tail
    with pytest.raises(ValueError, match="needs the lines"):
        with_rules("no marks")
    assert main([]) == 2


def test_each_rule_has_a_heading_that_links_can_name() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^### (\S+)$", text, re.MULTILINE)
    assert headings == [rule.code for rule in RULES]
    assert [rule.anchor for rule in RULES] == [heading.lower() for heading in headings]


def test_every_rule_that_is_written_is_asked_once() -> None:
    modules = [
        importlib.import_module(f"joulemark.rules.{found.name}")
        for found in pkgutil.iter_modules(joulemark.rules.__path__)
    ]
    written = {id(value) for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert written == {id(rule) for rule in RULES}
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_each_rule_says_what_it_needs_to() -> None:
    for rule in RULES:
        assert CODE.fullmatch(rule.code), rule
        assert 1 <= int(rule.version) <= int(RULES_VERSION), rule
        assert rule.check.__doc__, rule
        for words in (rule.title, rule.condition, *([] if rule.mend is None else [rule.mend])):
            assert words, rule
            assert not words.endswith("."), rule


@pytest.mark.parametrize("gpu", gpus(), ids=lambda gpu: gpu.id)
def test_facts_are_cited_and_plausible(gpu: Gpu) -> None:
    assert re.search(r"\b20\d\d\b", gpu.source), "a source has its year"
    assert "NVIDIA" in gpu.source
    for low, high in filter(None, (gpu.memory_bytes, gpu.default_w, gpu.idle_w)):
        assert 0 < low <= high
    assert gpu.default_w is not None
    assert gpu.most_w is None or gpu.most_w >= gpu.default_w[1]
    assert gpu.idle_w is None or gpu.idle_w[1] < gpu.default_w[0]
    half, single = gpu.peak_flops("float16"), gpu.peak_flops("float32")
    assert half is not None
    assert single is not None
    assert half > single
    assert gpu.peak_flops("int8") == 2 * half
    assert gpu.peak_flops("float64") is None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("NVIDIA A100-SXM4-80GB", "a100-sxm4-80gb"),
        ("A100-SXM4-40GB", "a100-sxm4-40gb"),
        ("NVIDIA A100 80GB PCIe", "a100-pcie-80gb"),
        ("NVIDIA A100-PCIE-40GB", "a100-pcie-40gb"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA H100 NVL", "h100-nvl"),
        ("NVIDIA H200", "h200-sxm"),
        ("Tesla V100-SXM2-32GB", "v100-sxm2-32gb"),
        ("Tesla V100-PCIE-16GB", "v100-pcie-16gb"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA A10", "a10"),
        ("Tesla T4", "t4"),
        ("NVIDIA GeForce RTX 3090", "rtx-3090"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("NVIDIA GeForce RTX 5090", "rtx-5090"),
        ("NVIDIA RTX A6000", "rtx-a6000"),
        ("NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada"),
        ("NVIDIA B200", "b200"),
        ("NVIDIA GeForce RTX 3090 Ti", None),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", None),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA A10G", None),
    ],
)
def test_a_model_is_known_by_its_whole_name(name: str, found: str | None) -> None:
    gpu = gpu_of(name)
    assert (gpu.id if gpu else None) == found
