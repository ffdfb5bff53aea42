"""From nothing to a counted result of a standard suite, by the README's commands, on a simulated card in real time.

An operator starts a platform and pins the suite `quick`; a volunteer with a fresh environment, no folder of the suite
and a card that was never probed installs, joins and runs; then platform and hub go away, and the same machine measures
again. What the volunteer's commands print is compared line by line with what docs/agent.md says of them.

Replaced is, and nothing else:

* **the hub's content.** The hub is a server on this machine. Of the ten models and ten data sets that `quick` names it
  has one each, so that the suite has one cell that runs (the other nine are pinned as not available). The model is a
  BERT of random weights and little arithmetic, with as many parameters as the rules let pass for those that `quick`
  reports; the data set has 1,000 sentences in its column.
* **the card.** NVML is tests/nvml_sim, and what would run on the card runs on the processor (tests/simulated_device).
* **the index.** `make install-agent` asks a package index; here pip installs the wheel that `make dist` builds, and
  finds its libraries in the environment of the tests.
* **two times of the protocol**, which in CI would be minutes of waiting: SHORTER. `make journey` leaves them as they
  are and pins `quick` by its name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.record import bundle as bundles
from joulemark.suite.loader import files_of, folder_of
from tests.fake_hub import FakeHub, RunningHub
from tests.fresh_environment import FreshEnvironment, build_distributions, make_environment
from tests.processes import ROOT, Platform, embedded_platform, kill
from tests.simulated_device import WATTS, install_into
from tests.tiny_models import build
from tests.tiny_models.suite import write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(1500)]

SUITE, JOB = "quick", "masked_lm/c4/albert-base-v2"
SHORTER = {"warmup_s = 120.0": "warmup_s = 0.0", "idle_s = 30.0": "idle_s = 5.0"}
WHOLE = "JOULEMARK_JOURNEY"
VOCABULARY = 125_000
"""Rows of the model's table of words, so many that it has 4 million parameters (`quick` says 11.7)."""
DOCUMENTED_ORIGIN = "http://127.0.0.1:8000"


@dataclass(frozen=True)
class Step:
    """A command as the README has it, and what it printed."""

    command: str
    code: int
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Journey:
    """What happened: what the operator's command said, each step, and what the platform had in the end."""

    pinned: str
    steps: Sequence[Step]
    offline: Step
    listed: dict[str, Any]
    boards: dict[str, Any]
    board: dict[str, Any]
    page: str
    result_page: str
    asked_of_hub: Sequence[str]
    kept: Sequence[Path]
    origin: str


def readme_commands(heading: str) -> list[str]:
    """The lines of the first block of commands under a heading of README.md, without comments."""
    _before, _, section = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None, f"README.md has no commands under {heading}"
    return [line.partition("#")[0].strip() for line in block[1].splitlines()]


def fill(hub: FakeHub, folder: Path) -> None:
    """Put one model and one data set of `quick` on the hub."""
    from transformers import BertForMaskedLM

    made = build("bert-mask", folder)
    model = BertForMaskedLM.from_pretrained(made)
    words = model.config.vocab_size
    model.resize_token_embeddings(VOCABULARY, mean_resizing=False)
    model.cls.predictions.bias.data[words:] = -1e4  # a row without a word is never the answer
    model.save_pretrained(made)
    files = {
        path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()
    }
    hub.model("albert-base-v2", files=files)
    rows = folder / "rows.parquet"
    write_parquet(
        rows, [{"text": f"The train of week {number} was at the old bridge."} for number in range(1000)]
    )
    hub.dataset("c4", files={"en/train-00000-of-00001.parquet": rows.read_bytes()})


def suite_to_pin(folder: Path) -> str:
    """What `pin_suite` is given: the suite's name, or a folder with its files and SHORTER times."""
    if os.environ.get(WHOLE) == "whole":
        return SUITE
    folder.mkdir()
    for name, content in files_of(folder_of(SUITE)).items():
        text = content.decode()
        for long, short in SHORTER.items():
            assert name != "suite.toml" or long in text
            text = text.replace(long, short)
        (folder / name).write_text(text, encoding="utf-8")
    return str(folder)


def pin_suite(platform: Platform, suite: str, hub: FakeHub) -> str:
    """The operator's command, and what it said."""
    done = subprocess.run(
        [sys.executable, "manage.py", "pin_suite", suite],
        cwd=ROOT,
        env={**platform.environment, "HF_ENDPOINT": hub.origin},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_step(fresh: FreshEnvironment, command: str, environment: dict[str, str]) -> Step:
    """Run a command of the README in the volunteer's environment."""
    done = subprocess.run(
        ["bash", "-c", command], cwd=fresh.home, env=environment, capture_output=True, text=True, check=False
    )
    return Step(command, done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    from nvml_sim.cards import V100
    from nvml_sim.running import running
    from nvml_sim.scenario import Idle, Scenario, Sensor

    folder = tmp_path_factory.mktemp("journey")
    wheel = build_distributions(ROOT / "agent", folder / "dist").wheel
    fresh = make_environment(folder / "fresh")
    install_into(fresh)
    scenario = Scenario(
        card=V100,
        by_activity=True,
        idle=Idle(watts=50.0, extra_w=4.0, decay_s=8.0, warm_s=4.0),
        sensor=Sensor(noise_w=1.0),
    )
    with (
        embedded_platform(folder=folder) as platform,
        running(scenario, real_clock=True) as simulation,
    ):
        web = platform.start_web()
        with RunningHub() as hub:
            fill(hub, folder)
            pinned = pin_suite(platform, suite_to_pin(folder / SUITE), hub)
            asked_at_pinning = len(hub.asked)
            environment = {
                **fresh.variables,
                **{
                    name: value
                    for name, value in simulation.environment.items()
                    if name.startswith("NVML_SIM")
                },
                "LD_LIBRARY_PATH": simulation.environment["LD_LIBRARY_PATH"],
                "HF_ENDPOINT": hub.origin,
                "HF_HOME": str(fresh.home / "hf"),
                "OMP_NUM_THREADS": "1",
                "COLUMNS": "200",
            }
            for name in ("CUDA_VISIBLE_DEVICES", "DATABASE_URL", "REDIS_URL", "HF_HUB_OFFLINE"):
                environment.pop(name, None)
            _venv, install, join, run = readme_commands("Volunteer your GPU")
            assert install.startswith("make install-agent")
            pip = f"{sys.executable} -m pip --python {fresh.python} install --quiet '{wheel}[run]'"
            commands = (pip, join.replace(DOCUMENTED_ORIGIN, platform.origin), f"{run} --yes")
            steps: list[Step] = []
            for command in commands:
                steps.append(run_step(fresh, command, environment))
                assert steps[-1].code == 0, f"{command}\n{steps[-1].out}\n{steps[-1].err}"
            asked_of_hub = tuple(hub.asked[asked_at_pinning:])
        listed = json.loads(platform.get("/api/v1/results/")[1])["results"]
        boards = json.loads(platform.get("/api/v1/boards/")[1])
        (result,) = listed
        board = f"{result['suite']}/masked_lm"
        answers = {
            "board": json.loads(platform.get(f"/api/v1/boards/{board}.json")[1]),
            "page": platform.get(f"/boards/{board}/")[1].decode(),
            "result_page": platform.get(f"/results/{result['result_id']}/")[1].decode(),
        }
        kill(web)
        offline = run_step(fresh, f"{run} --offline --fresh", environment)
    yield Journey(
        pinned=pinned,
        steps=steps,
        offline=offline,
        listed=result,
        boards=boards,
        asked_of_hub=asked_of_hub,
        kept=sorted((fresh.home / "state" / "joulemark" / "outbox").glob("*.joulemark.json")),
        origin=platform.origin,
        **answers,
    )


def test_print(journey: Journey) -> None:
    print(journey.pinned)
    for step in (*journey.steps, journey.offline):
        print("$", step.command, "->", step.code)
        print(step.out)
        print("---")
        print(step.err)
    print(json.dumps(journey.listed)[:1500])
    print(json.dumps(journey.boards)[:1500])
    print(json.dumps(journey.board)[:3000])
    print(journey.kept, journey.asked_of_hub)
    print(len(journey.page), len(journey.result_page))
