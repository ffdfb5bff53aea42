"""Whatever is loaded, torch repeats its answers and computes in the precision that docs/method.md names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from joulemark.suite import load_suite
from joulemark.workloads import open_workload
from joulemark.workloads.devices import CUBLAS_SETTING
from joulemark.workloads.tasks import open_task
from joulemark_simulation.tiny_models.recipes import recipe_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

METHOD = (Path(__file__).parents[2] / "docs" / "method.md").read_text(encoding="utf-8")
PACKAGED = "text_classification/demo-topics/minilm-l6-v2"


@pytest.fixture
def otherwise(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every switch as a library or a user may have left it."""
    monkeypatch.delenv(CUBLAS_SETTING, raising=False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)
    torch.use_deterministic_algorithms(mode=False)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = True


def test_a_model_of_the_hub_is_loaded_repeatably(otherwise: None, tiny_model: Callable[[str], Path]) -> None:
    recipe = recipe_of("text_classification", tiny_model("bert-sentiment"))
    open_task(recipe, rows_of("text_classification")).load()
    require_repeatable()


def test_a_model_of_a_package_is_loaded_repeatably(otherwise: None, tmp_path: Path) -> None:
    suite = load_suite("demo")
    open_workload(suite, suite.job(PACKAGED), cache_dir=tmp_path).load()
    require_repeatable()


def require_repeatable() -> None:
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    assert not torch.backends.cudnn.benchmark
    assert not torch.utils.deterministic.fill_uninitialized_memory
    assert os.environ[CUBLAS_SETTING] == ":4096:8"
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == (False, True)


def test_the_method_says_which_precision_it_is() -> None:
    assert "Matrix products are computed in float32, cuDNN convolutions in TF32" in METHOD
