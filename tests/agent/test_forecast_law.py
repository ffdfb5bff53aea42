"""A run begins the cells that its dry run shows, whatever was asked for and whatever happened before."""

from __future__ import annotations

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joulemark.cli import main
from joulemark.session import forecast, state
from joulemark.session.job_runner import JobRunner
from tests.agent.fake_platform import RunningPlatform
from tests.agent.handed_out import suite_files, suite_of
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.agent.agent_commands import Agent
    from tests.agent.fake_platform import FakePlatform

FILES = suite_files("made", models=("resnet-18", "resnet-50", "vit-base-patch16-224", "huge"))
SUITE = suite_of(FILES)
KEYS = tuple(job.key for job in SUITE.jobs)
PATTERNS = st.sampled_from(["*", "cifar*", "resnet-*", "*-50", "image_*", "nothing", "huge", "cifar10"])


@st.composite
def options(draw: st.DrawFn) -> list[str]:
    """Options of a run that choose cells, in any combination."""
    words: list[str] = []
    for name in ("--task", "--dataset", "--model"):
        for pattern in draw(st.lists(PATTERNS, max_size=2)):
            words += [name, pattern]
    if draw(st.booleans()):
        words += ["--only", draw(st.sampled_from(["*", "*/resnet*", "*/cifar10/*", "none"]))]
    if draw(st.booleans()):
        words += ["--limit", str(draw(st.integers(1, 9)))]
    if draw(st.booleans()):
        words += ["--budget", draw(st.sampled_from(["30s", "3m", "10m", "20m", "5h"]))]
    words += [word for word in ("--needed", "--retry-failed", "--fresh") if draw(st.booleans())]
    return words


@pytest.fixture(scope="module")
def law_platform() -> Iterator[FakePlatform]:
    with RunningPlatform() as running:
        yield running


@pytest.mark.laws
@settings(law(in_every_run=20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=options(),
    second=options(),
    failing=st.sets(st.sampled_from(KEYS)),
    needed=st.permutations(KEYS),
    free_mb=st.none() | st.sampled_from([0, 10, 50, 300]),
)
def test_a_run_begins_the_cells_of_its_dry_run_in_the_same_order(
    first: list[str],
    second: list[str],
    failing: set[str],
    needed: list[str],
    free_mb: int | None,
    agent: Agent,
    law_platform: FakePlatform,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever the filters and limits, the first run's finished and failed jobs, the order and the room on the disk."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        home = Path(stack.enter_context(folder_in(tmp_path)))
        for kind in ("CONFIG", "STATE", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind))
        patch.setenv("HF_HOME", str(home / "hf"))
        patch.setenv("JOULEMARK_PLATFORM", law_platform.origin)
        run = Rehearsal(patch, failing)
        patch.setattr(forecast, "free_bytes", lambda _: None if free_mb is None else free_mb * 10**6)
        patch.setattr(
            "joulemark.platform_client.PlatformClient.needed",
            lambda *_: tuple(SimpleNamespace(key=key) for key in needed),
        )
        assert main(["enrol"]) == 0
        run(*first)
        begin = ["run", "--meter", "estimate", *second]
        capsys.readouterr()
        code = main([*begin, "--dry-run", "--json"])
        answer = json.loads(capsys.readouterr().out)
        jobs = run(*second)
        capsys.readouterr()
        if code:
            assert jobs == [], "a plan that cannot be made is no run"
            return
        assert jobs == [cell["job"] for cell in answer["cells"]]


class Rehearsal:
    """Runs whose jobs take no time and fail or finish as they are told to."""

    def __init__(self, patch: pytest.MonkeyPatch, failing: set[str]) -> None:
        self.jobs: list[str] = []
        self.finished: dict[str, dict[str, SimpleNamespace]] = {}
        self._session = ""
        patch.setattr("joulemark.session.suite_source.obtain_suite", lambda *_, **__: obtained())
        patch.setattr(
            "joulemark.session.job_runner.state.finished", lambda session, _: dict(self._of(session))
        )
        patch.setattr("joulemark.cli.run_report.print_report", lambda *_, **__: None)
        real = JobRunner.run_jobs

        def run_jobs(work: JobRunner, plan: Any, session: state.Session) -> None:
            self._session = session.nonce
            real(work, plan, session)

        def attempt(work: JobRunner, job: Any) -> None:
            self.jobs.append(job.key)
            if job.key in failing:
                work._failed(job, "workload-crashed", "It fell over.")
            else:
                note = SimpleNamespace(verdict=None)
                kept = SimpleNamespace(note_fault=None, state="sent", note=note)
                self.finished.setdefault(self._session, {})[job.key] = kept

        patch.setattr(JobRunner, "run_jobs", run_jobs)
        patch.setattr(JobRunner, "_attempt", attempt)

    def _of(self, session: state.Session) -> dict[str, SimpleNamespace]:
        return self.finished.get(session.nonce, {})

    def __call__(self, *words: str) -> list[str]:
        """The jobs that a run with these options begins, in their order."""
        self.jobs.clear()
        main(["run", "--meter", "estimate", "--yes", *words])
        return list(self.jobs)


def obtained() -> Any:
    from joulemark.session.suite_source import ObtainedSuite

    return ObtainedSuite(suite=SUITE, name="made", source="platform", files=FILES)


def folder_in(tmp_path: Path) -> Any:
    from contextlib import contextmanager
    from tempfile import mkdtemp

    @contextmanager
    def folder() -> Iterator[str]:
        made = mkdtemp(dir=tmp_path)
        yield made
        shutil.rmtree(made)

    return folder()
