"""`joulemark suite`: what it lists, shows and estimates, and that its documentation is true."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark.cli import main
from joulemark.cli.suite import ACTIONS
from joulemark.suite import load_suite
from joulemark.suite.published import load_study

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "docs" / "agent.md").read_text(encoding="utf-8")


def test_list_names_every_suite_and_whether_it_is_pinned(command: Agent) -> None:
    found = command.json("suite", "list")
    assert {entry["name"]: entry["pinned"] for entry in found["suites"]} == {
        "a100-2024": False,
        "a100-2024-lean": False,
        "a100-2024-open": False,
        "demo": True,
        "quick": False,
        "quick-2026": False,
        "tasks-2026": False,
        "tasks-2026-reasoning": False,
    }
    assert command("suite", "list") == 0
    assert re.search(r"^a100-2024 +1 +312 +not pinned", command.out, re.MULTILINE)


def test_show_prints_the_whole_standard_suite(command: Agent) -> None:
    shown = command.json("suite", "show", "a100-2024")
    kinds = [model["kind"] for model in shown["models"]]
    cells = [cell["kind"] for cell in shown["cells"]]
    assert (len(shown["tasks"]), len(shown["datasets"])) == (10, 30)
    assert (kinds.count("task-specific"), kinds.count("general-purpose")) == (80, 8)
    assert (cells.count("task-specific"), cells.count("general-purpose")) == (240, 72)
    assert shown["counts"]["general_purpose_cells"] == 72
    (cell,) = [cell for cell in shown["cells"] if cell["key"] == "summarization/xsum/bloomz-3b"]
    assert cell["limits"]["max_new_tokens"] == 15
    assert cell["limits"]["prompt"] == "summarize the following text: {text}"
    assert cell["input"]["cut_words"] == 50
    assert command("suite", "show", "a100-2024") == 0
    assert "240 + 72 jobs" in command.out


def test_show_takes_a_folder(command: Agent, tmp_path: Path) -> None:
    with as_file(files("joulemark.suite") / "data" / "quick") as installed:
        shutil.copytree(installed, tmp_path / "copy")
    assert command.json("suite", "show", str(tmp_path / "copy"))["digest"] == load_suite("quick").digest


@pytest.mark.parametrize(
    "words", [["show", "nonesuch"], ["show", "./nonesuch"], ["estimate", "nonesuch"]], ids=" ".join
)
def test_a_suite_that_is_not_there_is_a_usage_error(command: Agent, words: list[str]) -> None:
    answer = command.json("suite", *words)
    assert command.code == 2
    kind = "folder ./nonesuch" if "/" in words[1] else "installed suite 'nonesuch'"
    assert f"There is no {kind}" in answer["error"]["sentence"]
    assert "demo" in answer["error"]["sentence"]


def test_an_estimate_follows_from_the_published_times(command: Agent) -> None:
    found = command.json("suite", "estimate", "a100-2024", "--only", "image_generation/sd_prompts/tiny-sd")
    (cell,) = found["cells"]
    (figure,) = [
        figure
        for figure in load_study().figures
        if (figure.task, figure.dataset, figure.model)
        == ("image_generation", "sd_prompts", "segmind/tiny-sd")
    ]
    seconds = figure.duration_s
    assert seconds is not None
    assert cell["query_s"] == pytest.approx(seconds / 1000)
    assert cell["gpu_minutes"] == pytest.approx((10 * seconds + 2 * 30 + 10 * seconds / 1000) / 60)
    assert cell["memory_bytes"] == cell["disk_bytes"] == 530_099_307 * 4
    assert cell["basis"] == "this data set"
    assert set(cell["unknown"]) == {"activations", "dataset_bytes"}


def test_short_windows_are_filled_in_an_estimate(command: Agent) -> None:
    found = command.json("suite", "estimate", "a100-2024", "--only", "*/cifar10/resnet-18")
    (cell,) = found["cells"]
    sample_s = 1000 * cell["query_s"]
    passes = -(-10 // sample_s)
    assert cell["gpu_minutes"] == pytest.approx((10 * passes * sample_s + 60 + 10 * cell["query_s"]) / 60)


def test_times_that_were_not_logged_follow_from_constant_powers(command: Agent) -> None:
    """Where both are known they agree within 2 %: the method holds where only the energy was kept."""
    found = command.json("suite", "estimate", "a100-2024", "--only", "extractive_qa/squad/flan-t5-base")
    assert found["cells"][0]["basis"] == "from the energy of CPU and memory"
    study = load_study()
    watts = study.protocol.cpu_power_w + study.protocol.ram_power_w
    checked = 0
    for figure in study.figures:
        if figure.duration_s is not None and figure.gpu_kwh_per_1000 is not None and figure.duration_s > 30:
            joules = (figure.energy_kwh_per_1000 - figure.gpu_kwh_per_1000) * 3.6e6
            assert joules / watts == pytest.approx(figure.duration_s, rel=0.02), figure
            checked += 1
    assert checked > 90


def test_what_has_no_published_time_is_null_with_a_reason(command: Agent) -> None:
    found = command.json("suite", "estimate", "demo")
    assert found["total"]["cells_without_time"] == len(found["cells"]) == 8
    assert found["total"]["models_without_disk"] == 3
    for cell in found["cells"]:
        assert cell["least_minutes"] == pytest.approx((3 * 10 + 2 * 1) / 60)
        assert cell["gpu_minutes"] is cell["memory_bytes"] is None
        assert {"gpu_minutes", "memory_bytes", "disk_bytes"} <= set(cell["unknown"])


def test_minutes_that_nobody_published_are_the_least_and_no_option_goes_without_a_word(
    command: Agent,
) -> None:
    assert command("suite", "estimate", "demo", "--hours", "0.1", "--memory", "1") == 0
    assert re.search(r"^summarization/\S+ +0\.5 .* the suite's shortest windows$", command.out, re.MULTILINE)
    assert "8 jobs have no published time: their minutes are the minimum" in command.out
    assert "Chosen for 0.1 h. Order: one job of each task in turn." in command.out
    assert "`--memory` does not leave 8 jobs out: the sizes of their weights are not known." in command.out
    assert "Left out" not in command.out
    assert command("suite", "estimate", "demo", "--order", "suite") == 0
    assert "Order: that of the suite." in command.out


def test_hours_are_spread_over_the_tasks_unless_the_suites_order_is_asked_for(command: Agent) -> None:
    found = command.json("suite", "estimate", "a100-2024", "--hours", "3")
    tasks = [cell["job"].partition("/")[0] for cell in found["cells"] if cell["obstacle"] is None]
    assert found["order"] == "tasks"
    assert len(set(tasks)) == 9, "each but generating pictures, which takes longer"
    assert max(map(tasks.count, tasks)) <= 3
    found = command.json("suite", "estimate", "a100-2024", "--hours", "3", "--order", "suite")
    tasks = [cell["job"].partition("/")[0] for cell in found["cells"] if cell["obstacle"] is None]
    assert (found["order"], len(set(tasks))) == ("suite", 3)


def test_a_precision_that_a_suite_asks_for_is_called_its_goal(command: Agent) -> None:
    assert command("suite", "estimate", "a100-2024") == 0
    (line,) = [line for line in command.out.splitlines() if "±" in line]
    assert line.startswith("Target for each job, not measured here: a mean within ±2 %, in 10 to 30 windows")
    assert command.json("suite", "estimate", "a100-2024")["half_width_goal"] == 0.02


def test_a_total_says_what_each_time_rests_on_and_counts_a_model_once(command: Agent) -> None:
    found = command.json("suite", "estimate", "a100-2024")
    runnable = [cell for cell in found["cells"] if cell["obstacle"] is None]
    total = found["total"]
    assert (len(found["cells"]), len(runnable), total["cells"]) == (312, 304, 304)
    assert total["cells_by_basis"] == {
        "this data set": 72,
        "mean of the task's data sets": 184,
        "from the energy of CPU and memory": 48,
    }
    assert total["gpu_minutes"] == pytest.approx(sum(cell["gpu_minutes"] for cell in runnable))
    once = sum(model.parameters * 4 for model in load_suite("a100-2024").models)
    assert (total["models"], total["disk_bytes"], total["models_without_disk"]) == (88, once, 0)
    assert command("suite", "estimate", "a100-2024") == 0
    assert f"On disk {once / 1e9:.2f} GB: the weights of 88 models, each once" in command.out
    assert "304 of 312 jobs can run." in command.out
    assert "this data set (72), mean of the task's data sets (184)" in command.out


def test_cells_whose_pictures_are_not_fetched_are_said_not_to_run(command: Agent) -> None:
    only = ("--only", "*/redcaps/git-base")
    (cell,) = command.json("suite", "estimate", "a100-2024", *only)["cells"]
    assert "addresses of pictures" in cell["obstacle"]
    assert command("suite", "estimate", "a100-2024", *only) == 0
    assert re.search(r"^image_captioning/redcaps/git-base .* does not run$", command.out, re.MULTILINE)
    assert "0 of 1 jobs can run." in command.out
    shown = command.json("suite", "show", "a100-2024")
    stuck = {cell["dataset"] for cell in shown["cells"] if cell["obstacle"] is not None}
    assert (stuck, sum(cell["obstacle"] is not None for cell in shown["cells"])) == ({"redcaps"}, 8)
    assert command("suite", "show", "a100-2024") == 0
    assert "8 jobs do not run. The data set redcaps has addresses of pictures" in command.out
    page = (ROOT / "docs" / "suite.md").read_text(encoding="utf-8")
    assert "fetched from their addresses" not in page
    assert "240 + 72 jobs, of which 8 do not run" in page


def test_nothing_that_fits_is_nothing_to_do(command: Agent) -> None:
    assert command("suite", "estimate", "quick", "--only", "none/*") == 6


@pytest.mark.parametrize("action", ACTIONS)
def test_help_of_each_action_is_as_documented(
    action: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit) as stop:
        main(["suite", action, "--help"])
    assert stop.value.code == 0
    assert f"```text\n{capsys.readouterr().out.strip()}\n```" in DOCS


def test_listing_suites_imports_neither_torch_nor_http() -> None:
    program = "import sys; from joulemark.cli import main; main(['suite', 'list', '--json']); print(sorted({'torch', 'httpx', 'rich', 'numpy'} & set(sys.modules)))"  # noqa: E501 - one program
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "agent"))
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
