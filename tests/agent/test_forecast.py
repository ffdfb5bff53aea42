"""The plan of a run before it begins: what `--dry-run` shows is what a run does, and it touches nothing."""

from __future__ import annotations

import json
import os
import pty
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from joulemark.hub.missing import FetchTarget
from joulemark.session import forecast
from joulemark.session.budget import Pace
from joulemark.session.forecast import NO_DOWNLOADS, Downloads, PlanLimits, plan_cells
from joulemark.session.job_runner import JobRunner
from joulemark.session.plan import Selection
from joulemark.session.suite_source import find_suite, obtain_suite
from joulemark.suite import load_suite
from tests.agent import fake_suite
from tests.agent.handed_out import hand_out, suite_files, suite_of

if TYPE_CHECKING:
    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

MODELS = ("resnet-18", "resnet-50", "vit-base-patch16-224", "huge")
FILES = suite_files("made", models=MODELS)
SUITE = suite_of(FILES)
KEYS = tuple(job.key for job in SUITE.jobs)


def everything(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def whole() -> Selection:
    return Selection(suite=SUITE, jobs=SUITE.jobs, missing=())


def lacking(free_bytes: int | None) -> Downloads:
    """An empty cache on a disk with so much room."""
    cache = Path("/no/cache")
    models = {model.id: FetchTarget(model, cache) for model in SUITE.models}
    sets = {dataset.id: FetchTarget(dataset, cache) for dataset in SUITE.datasets}
    return Downloads(
        cache=cache,
        free_bytes=free_bytes,
        sizes={
            **{models[model.id].name: model.files[0].bytes + 2 for model in SUITE.models},
            **{wanted.name: None for wanted in sets.values()},
        },
        by_job={job.key: (models[job.model], sets[job.dataset]) for job in SUITE.jobs},
    )


def planned(**changes: Any) -> tuple[list[str], dict[str, str]]:
    """The cells of a plan, and what it put off with the reason."""
    words: dict[str, Any] = {
        "finished": (),
        "failures": {},
        "pace": Pace(SUITE),
        "limits": PlanLimits(),
        "downloads": NO_DOWNLOADS,
        **changes,
    }
    cells, _, put_off = plan_cells(whole(), **words)
    return [cell.job.key for cell in cells], {item.key: item.sentence for item in put_off}


def test_each_repository_is_downloaded_by_the_first_cell_that_needs_it() -> None:
    cells, _, _ = plan_cells(
        whole(), finished=(), failures={}, pace=Pace(SUITE), limits=PlanLimits(), downloads=lacking(None)
    )
    names = [wanted.name for cell in cells for wanted in cell.downloads]
    assert sorted(names) == sorted({wanted.name for wanted in lacking(None).by_job[KEYS[0]]} | set(names))
    assert len(names) == len(set(names)) == len(MODELS) + 2
    assert sum(cell.download_bytes for cell in cells) == sum(
        size for size in lacking(None).sizes.values() if size is not None
    )
    assert [name for cell in cells for name in cell.unsized] == ["cifar10", "cifar100"]


def test_what_does_not_fit_onto_the_disk_is_put_off_and_what_is_smaller_behind_it_is_not() -> None:
    """The models take 1, 4, 40 and 200 MB."""
    cells, put_off = planned(downloads=lacking(20_000_000 + 4 * 1024 * 1024))
    assert {key.rpartition("/")[2] for key in cells} == {"resnet-18", "resnet-50"}
    assert set(put_off) == {key for key in KEYS if key.endswith(("vit-base-patch16-224", "huge"))}
    assert "`joulemark suite clean`" in put_off[KEYS[2]]
    assert planned(downloads=lacking(None))[0] == list(KEYS), "a disk that does not say is no limit"
    assert planned(downloads=lacking(0))[0] == []


def test_an_order_goes_before_the_suites_and_a_limit_cuts_behind_it() -> None:
    order = (KEYS[5], KEYS[1])
    assert planned(limits=PlanLimits(order=order))[0][:3] == [KEYS[5], KEYS[1], KEYS[0]]
    cells, put_off = planned(limits=PlanLimits(order=order, jobs=2))
    assert cells == list(order)
    assert set(put_off.values()) == {"`--limit 2` was given."}


def test_times_follow_what_the_session_has_seen() -> None:
    pace = Pace(SUITE)
    assert pace.basis(KEYS[1]) == "reference GPU"
    assert pace.basis(KEYS[3]) == "least of the suite", "nobody has published the huge model"
    seen = Pace(SUITE, {KEYS[0]: pace.seconds(KEYS[0]) / 4})
    assert seen.basis(KEYS[1]) == "measured here"
    assert seen.seconds(KEYS[1]) == pytest.approx(pace.seconds(KEYS[1]) / 4)
    budget_s = 2.5 * pace.seconds(KEYS[0])
    assert len(planned(limits=PlanLimits(seconds=budget_s), pace=seen)[0]) > len(
        planned(limits=PlanLimits(seconds=budget_s), pace=pace)[0]
    )


def test_what_a_session_has_seen_outlives_its_process(enrolled: Agent) -> None:
    enrolled("run", "--meter", "estimate", "--limit", "1")
    (path,) = enrolled.folders.sessions.glob("*.journal")
    took_s = json.loads(path.read_bytes())["took_s"]
    assert list(took_s) == [fake_suite.JOBS[0].key]
    assert took_s[fake_suite.JOBS[0].key] > 0


def test_a_dry_run_shows_the_plan_and_writes_nothing(agent: Agent, tmp_path: Path) -> None:
    before = everything(tmp_path)
    assert agent("run", "--meter", "estimate", "--dry-run") == 0, agent.err
    for job in fake_suite.JOBS:
        assert job.key in agent.out
    assert "3 jobs, about" in agent.out
    assert "no published time exists for the model" in agent.out
    assert agent.out.splitlines()[-1] == "Nothing was downloaded, measured or sent."
    plan = agent.json("run", "--meter", "estimate", "--dry-run", "--budget", "1s")
    assert (plan["cells"], len(plan["put_off"])) == ([], 3)
    assert everything(tmp_path) == before
    assert not agent.folders.key.exists()


def test_a_dry_run_knows_what_the_session_has_finished_and_what_failed(enrolled: Agent) -> None:
    small, large, writing = (job.key for job in fake_suite.JOBS)
    from joulemark.workloads import WorkloadCrashed

    fake_suite.TROUBLES[large] = WorkloadCrashed("It fell over.")
    enrolled("run", "--meter", "estimate", "--task", "sorting")
    before = everything(enrolled.folders.state)
    plan = enrolled.json("run", "--meter", "estimate", "--dry-run")
    assert ([cell["job"] for cell in plan["cells"]], plan["finished"]) == ([writing], [small])
    assert [row["job"] for row in plan["failed_before"]] == [large]
    again = enrolled.json("run", "--meter", "estimate", "--dry-run", "--retry-failed")
    assert [cell["job"] for cell in again["cells"]] == [large, writing]
    anew = enrolled.json("run", "--meter", "estimate", "--dry-run", "--fresh")
    assert [cell["job"] for cell in anew["cells"]] == [small, large, writing]
    assert everything(enrolled.folders.state) == before


def test_a_run_that_was_killed_in_a_job_is_foreseen_as_the_next_run_will_see_it(enrolled: Agent) -> None:
    from joulemark.session.journal import Journal, read_journal

    path = enrolled.folders.sessions / "killed.journal"
    Journal(path).begin("a/b/c")
    assert read_journal(path).failures == {}
    Journal(path).begin("a/b/c")
    before = path.read_bytes()
    assert read_journal(path).failures["a/b/c"].code == "crashed"
    assert path.read_bytes() == before
    assert Journal(path).failures["a/b/c"].code == "crashed"


@pytest.fixture
def downloading(
    enrolled: Agent, platform: FakePlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Agent:
    """An enrolled agent, a platform that hands out a suite of the hub, an empty cache, runs that measure nothing."""
    from joulemark.session import suite_source

    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    hand_out(platform, FILES)
    monkeypatch.setattr(
        suite_source, "obtain_suite", obtain_suite
    )  # the real ones, from before they were replaced
    monkeypatch.setattr(suite_source, "find_suite", find_suite)
    monkeypatch.setattr(JobRunner, "_attempt", lambda _work, job: begun.append(job.key))
    machine = SimpleNamespace(host=lambda: (SimpleNamespace(memory_bytes=10**12), {}))
    monkeypatch.setattr(forecast, "devices", machine)  # whatever memory this machine has
    begun.clear()
    return enrolled


begun: list[str] = []
"""The jobs that a run has begun."""
RUN = ("run", "--suite", "made", "--meter", "estimate")


def test_nothing_is_downloaded_without_a_yes(downloading: Agent) -> None:
    answer = downloading.json(*RUN)
    assert (downloading.code, answer["error"]["code"], begun) == (2, "consent-missing", [])
    assert "to download, " in answer["error"]["sentence"]
    assert answer["error"]["sentence"].count("`--yes`") == 1
    assert downloading(*RUN, "--yes") == 0
    assert begun == list(KEYS)


@pytest.mark.parametrize(
    ("typed", "code", "jobs"), [(b"\n", 0, 8), (b"Y\n", 0, 8), (b"perhaps\nn\n", 6, 0), (b"\x04", 6, 0)]
)
def test_at_a_terminal_a_plain_question_is_asked(
    downloading: Agent, monkeypatch: pytest.MonkeyPatch, typed: bytes, code: int, jobs: int
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, encoding="utf-8") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        os.write(ours, typed)
        assert downloading(*RUN) == code, downloading.err
    os.close(ours)
    assert len(begun) == jobs
    assert "8 jobs, about" in downloading.err
    assert "Continue? [Y/n]" in downloading.err
    assert ("Nothing was downloaded and nothing measured." in downloading.err) == (code == 6)


def test_a_closed_standard_input_is_no_terminal(downloading: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert downloading.json(*RUN)["error"]["code"] == "consent-missing"


def test_what_downloads_nothing_asks_nothing(enrolled: Agent) -> None:
    assert enrolled("run", "--meter", "estimate") == 0
    assert "[Y/n]" not in enrolled.err


def test_an_estimate_and_a_dry_run_mean_the_same_by_hours_and_memory(downloading: Agent) -> None:
    hours = ("suite", "estimate", "made", "--hours", "0.1")
    told = downloading.json(*hours)
    plan = downloading.json(*RUN, "--dry-run", "--budget", "6m")
    assert [cell["job"] for cell in told["cells"]] == [cell["job"] for cell in plan["cells"]]
    assert 0 < len(told["cells"]) < 8
    assert {row["job"] for row in told["left_out"]} == {row["job"] for row in plan["put_off"]}
    memory = downloading.json("suite", "estimate", "made", "--memory", "8")
    assert {cell["job"].rpartition("/")[2] for cell in memory["cells"]} == {"resnet-18", "resnet-50"}
    assert "do not fit in 8 GB" in memory["left_out"][0]["sentence"]
    assert downloading("suite", "estimate", "made", "--memory", "0.5") == 6
    assert "do not fit in 0.5 GB" in downloading.err
    assert downloading("suite", "estimate", "demo", "--memory", "0.5") == 0, (
        "what is not known is not left out"
    )


def test_the_standard_suite_is_planned_in_a_moment() -> None:
    """312 cells: a plan must not cost a volunteer a minute."""
    suite = load_suite("a100-2024")
    selection = Selection(suite=suite, jobs=suite.jobs, missing=())
    cells, _, put_off = plan_cells(
        selection,
        finished=(),
        failures={},
        pace=Pace(suite),
        limits=PlanLimits(seconds=3 * 3600.0),
        downloads=NO_DOWNLOADS,
    )
    assert sum(cell.seconds for cell in cells) <= 3 * 3600
    assert len(cells) + len(put_off) == len(suite.jobs)
    assert cells
