"""From nothing to a counted result of a standard suite, by the README's commands, on a simulated card in real time.

An operator starts a platform and pins the suite `quick`; a volunteer with a fresh environment, no folder of the suite
and a card that was never probed installs, joins and runs; then platform and hub go away, and the same machine measures
again. What the volunteer's commands print is compared line by line with what docs/agent.md says of them.

Replaced is, and nothing else:

* **the hub's content.** The hub is a server on this machine. Of the ten models and ten data sets that `quick` names it
  has one each, so that the suite has one cell that runs (the other nine are pinned as not available). The model is a
  BERT of random weights and little arithmetic, with as many parameters as the rules let pass for those that `quick`
  reports; the data set has 1,000 sentences in its column.
* **the card.** NVML is joulemark_simulation.nvml, and what would run on the card runs on the
  processor (tests/simulated_device).
* **the index.** `make install-agent` asks a package index; here pip installs the wheel that `make dist` builds, and
  finds its libraries in the environment of the tests.
* **four numbers of the protocol**, which in CI would be minutes of waiting: SHORTER. `make journey` leaves them as they
  are and pins `quick` by its name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.errors import EXIT_NOT_COUNTED
from joulemark.record import bundle as bundles
from joulemark.suite.loader import files_of, folder_of
from joulemark_simulation.tiny_models import build
from joulemark_simulation.tiny_models.suite import write_parquet
from tests.fake_hub import FakeHub, RunningHub
from tests.fresh_environment import FreshEnvironment, build_distributions, make_environment
from tests.processes import ROOT, Platform, embedded_platform, kill
from tests.simulated_device import install_into

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(1500)]

SUITE, JOB = "quick", "masked_lm/c4/albert-base-v2"
SHORTER = {
    "queries = 100": "queries = 20",
    "windows_max = 10": "windows_max = 5",
    "idle_s = 30.0": "idle_s = 5.0",
    "warmup_s = 120.0": "warmup_s = 0.0",
}
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


def stood_still(step: Step) -> bool:
    """Whether this machine left the run alone for a second, which is no fault of it: as it says, it is run again."""
    return step.code == EXIT_NOT_COUNTED and "The agent flagged the run: missing-reading." in step.err


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    from joulemark_simulation.nvml.cards import V100
    from joulemark_simulation.nvml.running import running
    from joulemark_simulation.nvml.scenario import Idle, Scenario, Sensor

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
                step = run_step(fresh, command, environment)
                if stood_still(step):
                    step = run_step(fresh, f"{command} --fresh", environment)
                    step = replace(step, command=command)
                assert step.code == 0, f"{command}\n{step.out}\n{step.err}"
                steps.append(step)
            asked_of_hub = tuple(hub.asked[asked_at_pinning:])
        listed = json.loads(platform.get("/api/v1/results/")[1])["results"]
        boards = json.loads(platform.get("/api/v1/boards/")[1])
        (result,) = (row for row in listed if row["state"] == "accepted")
        board = f"{result['suite']}-{result['grade']}/masked_lm"
        answers = {
            "board": json.loads(platform.get(f"/api/v1/boards/{board}.json")[1]),
            "page": platform.get(f"/boards/{board}/")[1].decode(),
            "result_page": platform.get(f"/results/{result['result_id']}/")[1].decode(),
        }
        kill(web)
        offline = run_step(fresh, f"{run} --offline --fresh", environment)
    return Journey(
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


def follow_one_another(text: str, patterns: Sequence[str]) -> None:
    """Each pattern is the whole of a line of `text`, behind that of the one before."""
    lines = iter(text.splitlines())
    for pattern in patterns:
        assert any(re.fullmatch(pattern, line) for line in lines), (
            f"{pattern}\nis not, or not here, in\n{text}"
        )


def documented(beginning: str, *, until: str = "\n") -> str:
    """The line of docs/agent.md that begins so, `until` there, as a pattern: numbers, links and ids may be others."""
    page = (ROOT / "docs" / "agent.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith(beginning))
    pattern = re.escape(line.partition(until)[0])
    pattern = pattern.replace(re.escape("https://example.org"), r"http://127\.0\.0\.1:\d+")
    pattern = re.sub(r"/r/[0-9a-f]{16}", "/r/[0-9a-f]{16}", pattern)
    return re.sub(r"[\d.\\]+\\ (?=Wh|%)", r"\\S+\\ ", pattern)


def test_the_operator_pins_it_by_the_readme(journey: Journey) -> None:
    assert readme_commands("Run a platform")[1:] == [
        ".venv/bin/python manage.py prepare",
        ".venv/bin/python manage.py serve",
    ]
    assert "`manage.py pin_suite a100-2024`" in (ROOT / "README.md").read_text(encoding="utf-8")
    follow_one_another(
        journey.pinned,
        (
            rf"{SUITE} 1\.[0-9a-f]{{12}}, digest [0-9a-f]{{64}}",
            r"1 of 10 jobs can run; \d+ bytes",
            rf"Stored and written to the log; .+: {journey.origin}/api/v1/suites/",
            rf"Volunteers run it with: joulemark run --suite {SUITE}",
        ),
    )


def test_the_readme_has_no_more_commands_than_these(journey: Journey) -> None:
    """An environment, then three: install, join, run; nothing but the origin and a word for the question is added."""
    environment, *commands = readme_commands("Volunteer your GPU")
    assert environment == "python3 -m venv .venv && . .venv/bin/activate"
    assert len(commands) == len(journey.steps) == 3
    _install, join, run = journey.steps
    assert join.command == commands[1].replace(DOCUMENTED_ORIGIN, journey.origin)
    assert run.command == f"{commands[2]} --yes"


def test_joining_says_what_a_run_will_measure(journey: Journey) -> None:
    _install, join, _run = journey.steps
    follow_one_another(
        join.out,
        (
            rf"platform  {journey.origin}, enrolled (before )?as v-[0-9a-f]+",
            r"key       .+/config/joulemark/key\.pem \(keep a copy; whoever has it can sign as you\)",
            r"device    .*Tesla V100-SXM2-32GB.*",
            r"measured  .+",
            rf"suite     {SUITE} 1\.[0-9a-f]{{12}}: One small model and one data set for each task of a100-2024",
            r"fits      1 of 10 jobs run on Tesla V100-SXM2-32GB, about .+ in total",
            r"next run  1 job, about .+, 16\.\d MB and 1 data set to download, .+ free \(up to 3 h\)",
            r"Next: joulemark run",
        ),
    )
    assert "Not ready" not in join.out


def test_the_run_is_told_from_its_plan_to_its_verdict(journey: Journey) -> None:
    _install, _join, run = journey.steps
    accepted = documented("Accepted: ")
    follow_one_another(
        run.err,
        (
            rf"Suite {SUITE}, which `joulemark join` chose for Tesla V100-SXM2-32GB, for up to 3 h .+",
            rf"Suite {SUITE} 1\.\S+ \(digest [0-9a-f]{{12}}\), the current version of {journey.origin}, checked now\.",
            rf"Results go to {journey.origin} \(by `joulemark join`\)\. What is sent, .+",
            rf"Job 1 of 1  {JOB}, plan about .+",
            r"\[1/1\] loading the model.*",
            r"\[1/1\] warm-up, 10 queries.*",
            r"\[1/1\] idle before the windows.*",
            r"\[1/1\] window 1 of .+, \d+ queries.*",
            r"\[1/1\] idle after the windows.*",
            r"\[1/1\] scoring the answers",
            rf"{JOB}: .+ Stored as [0-9a-f]{{16}}, received by the platform\.",
            accepted,
            rf"{documented('Your card ', until=', 14 others')}.*",
        ),
    )
    follow_one_another(
        run.out,
        (
            rf"accepted +{JOB}",
            r" +\S+ m?Wh per 1,000 queries ± \d+ %.*",
            rf" +{journey.origin}/r/[0-9a-f]{{16}}",
            r"Energy is measured: .+",
        ),
    )


def test_it_stands_on_a_measured_board(journey: Journey) -> None:
    (row,) = (row for row in journey.board["rows"] if row["model"] == "albert-base-v2")
    assert (row["grade"], row["scope"], row["n_devices"]) == ("measured", "gpu", 1)
    kept = {path.name.partition(".")[0]: bundles.parse(path.read_bytes()) for path in journey.kept}
    said = kept[journey.listed["result_id"]].statement().predicate
    assert row["energy_per_query_j"] == pytest.approx(said.totals.energy_per_query_j, rel=1e-11)
    assert (journey.listed["state"], journey.listed["grade"]) == ("accepted", "measured")
    assert "albert-base-v2" in journey.page
    assert journey.listed["result_id"] in journey.result_page


def test_it_fetched_what_the_suite_pins_and_nothing_else(journey: Journey) -> None:
    assert {target.split("/resolve/")[0] for target in journey.asked_of_hub if "/resolve/" in target} == {
        "/albert-base-v2",
        "/datasets/c4",
    }


def test_the_second_time_needs_neither_platform_nor_hub(journey: Journey) -> None:
    assert journey.offline.code == 0, journey.offline.err
    follow_one_another(
        journey.offline.err,
        (
            rf"Suite {SUITE} 1\.\S+ \(digest [0-9a-f]{{12}}\), .+",
            rf"Offline: nothing is sent\. Results are stored for {journey.origin} .+",
            r"\[1/1\] window 1 of .+, \d+ queries.*",
            rf"{JOB}: .+ Stored as [0-9a-f]{{16}}, not sent\.",
        ),
    )
    assert "Probing" not in journey.offline.err
    statements = {
        path.name.partition(".")[0]: bundles.parse(path.read_bytes()).statement().predicate
        for path in journey.kept
    }
    sent = statements.pop(journey.listed["result_id"])
    again = [said for said in statements.values() if said.ticket is None]
    assert [(said.suite, said.device) for said in again] == [(sent.suite, sent.device)]
    assert again[0].workload.weights_sha256 == sent.workload.weights_sha256
