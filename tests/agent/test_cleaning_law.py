"""Whatever sessions, filters, joined and former suites there are: what an open job needs is never freed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joulemark.config import Config, Folders
from joulemark.hub.fetched_files import FetchLog
from joulemark.hub.missing import FetchTarget
from joulemark.joined import Joined, write_joined
from joulemark.record.suite_offers import OfferedSuite, SuiteOffers
from joulemark.session import cleaning, state, suite_store
from joulemark.session.plan import Filter, select
from joulemark.suite import DataSet, Model
from joulemark.suite.archive import encode_archive
from tests.agent.handed_out import suite_files, suite_of
from tests.laws import law

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from joulemark.suite import Job, Suite

ORIGINS = ("http://127.0.0.1:1", "http://127.0.0.1:2")
FILES = (
    suite_files("one", models=("resnet-18", "resnet-50")),
    suite_files("two", models=("resnet-50", "vit-base-patch16-224"), idle_s=5.0),
)
SUITES = tuple(suite_of(files) for files in FILES)
GLOBS = st.lists(st.sampled_from(["*", "resnet-*", "*-50", "vit*"]), max_size=2)
SESSIONS = st.lists(
    st.fixed_dictionaries(
        {
            "suite": st.sampled_from([0, 1]),
            "origin": st.sampled_from(ORIGINS),
            "meter": st.sampled_from(["nvml-counter", "rapl-counter"]),
            "models": GLOBS,
            "finished": st.sets(st.integers(0, 3)),
        }
    ),
    max_size=4,
)


@pytest.mark.laws
@settings(law(in_every_run=20), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sessions=SESSIONS,
    current=st.tuples(st.booleans(), st.booleans()),
    joined=st.none() | st.sampled_from([0, 1]),
    advance=st.sets(st.sampled_from([0, 1])),
)
def test_clean_never_frees_what_an_open_job_needs(
    sessions: list[dict[str, Any]],
    current: tuple[bool, bool],
    joined: int | None,
    advance: set[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Path(mkdtemp(dir=tmp_path))
    monkeypatch.setenv("TMPDIR", str(home))
    monkeypatch.setenv("HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr("tempfile.tempdir", None)
    folders = Folders(config=home / "config", state=home / "state", cache=home / "cache")
    config = Config(folders=folders, origin=ORIGINS[0], cpu_watts=None)
    places = fill_cache(home / "hub", FetchLog(folders.fetched))
    hand_out(folders, current)
    if joined is not None:
        write_joined(folders.joined, Joined(origin=ORIGINS[0], suite=SUITES[joined].name, gpu="G", hours=3.0))
    for number in advance:
        FetchLog(folders.fetched).add_suite(f"{SUITES[number].name}@1", SUITES[number].digest)
    results = [result for words in sessions for result in begin(folders, words)]
    monkeypatch.setattr(cleaning, "Outbox", lambda _: SimpleNamespace(results=lambda: iter(results)))

    wanted = needs_of_later_runs(folders, current, joined, advance, results)
    freed = cleaning.clean(config, cleaning.plan_cleaning(config))
    for repository, files in places.items():
        there = all(path.is_file() for path in files)
        assert there == (repository in wanted), (
            repository,
            "is needed" if repository in wanted else "is not",
        )
    assert {(row.kind, row.hub_id) for row in freed.needed} == wanted
    shutil.rmtree(home)


def needs_of_later_runs(
    folders: Folders,
    current: tuple[bool, bool],
    joined: int | None,
    advance: set[int],
    results: Sequence[Any],
) -> set[tuple[str, str]]:
    """The repositories of the jobs that some later run would begin: an oracle by the plan of each."""
    jobs: list[tuple[Suite, Job]] = []
    stored, _ = state.stored_sessions(folders)
    for number, suite in enumerate(SUITES):
        if not current[number]:
            continue  # its platform calls it former
        of_suite = [session for session in stored if session.suite_digest == suite.digest]
        finished = {key for session in of_suite for key in state.finished_of(session, results)}
        for session in of_suite:
            assert session.asked is not None
            meant = Filter(models=session.asked.models)
            chosen = [job for job in suite.jobs if meant.takes(job)] and select(suite, meant, fetch=True).jobs
            jobs += [(suite, job) for job in chosen if job.key not in state.finished_of(session, results)]
        if of_suite or number == joined or number in advance:
            jobs += [(suite, job) for job in suite.jobs if job.key not in finished]
    return {
        (kind, str(entry.hub_id))
        for suite, job in jobs
        for kind, entry in (("models", suite.model(job.model)), ("datasets", suite.dataset(job.dataset)))
    }


def begin(folders: Folders, words: Mapping[str, Any]) -> list[Any]:
    """Begin or go on with a session, and the results that it has then."""
    suite = SUITES[words["suite"]]
    session = state.resume_or_begin(
        folders,
        origin=words["origin"],
        suite_digest=suite.digest,
        meter=words["meter"],
        fresh=False,
        request=state.RunRequest(suite=f"{suite.name}@1", models=tuple(words["models"])),
    )
    return [result_of(session.nonce, suite.jobs[place]) for place in sorted(words["finished"])]


def result_of(nonce: str, job: Job) -> Any:
    work = SimpleNamespace(task=job.task, dataset=job.dataset, model=job.model)
    predicate = SimpleNamespace(session=nonce, workload=work)
    return SimpleNamespace(bundle=SimpleNamespace(statement=lambda: SimpleNamespace(predicate=predicate)))


def fill_cache(cache: Path, log: FetchLog) -> dict[tuple[str, str], list[Path]]:
    """Every repository of both suites, fetched by this agent; its files by kind and name."""
    places: dict[tuple[str, str], list[Path]] = {}
    for suite in SUITES:
        entries: list[Model | DataSet] = [*suite.models, *suite.datasets]
        for entry in entries:
            wanted = FetchTarget(entry, cache)
            name = "model.safetensors" if wanted.kind == "models" else "test.parquet"
            blob = wanted.folder.parents[1] / "blobs" / f"of-{entry.id}"
            for path in (blob, wanted.folder / name):
                path.parent.mkdir(parents=True, exist_ok=True)
            if not blob.exists():
                blob.write_bytes(b"weights")
                (wanted.folder / name).symlink_to(f"../../blobs/{blob.name}")
                log.add(wanted, [name], is_new=True)
            places[wanted.kind, wanted.hub_id] = [wanted.folder / name]
    return places


def hand_out(folders: Folders, current: tuple[bool, bool]) -> None:
    """Both suites are here, as one platform handed them out; each is still current or is not."""
    offers = []
    for suite, files, is_current in zip(SUITES, FILES, current, strict=True):
        archive = encode_archive(files)
        suite_store.store_archive(folders, digest=suite.digest, archive=archive)
        offers.append(
            OfferedSuite(
                name=suite.name,
                version=suite.version,
                title=suite.title,
                digest=suite.digest,
                current=is_current,
                cells=len(suite.jobs),
                runnable_cells=len(suite.jobs),
                archive_bytes=len(archive),
                pinned_at=datetime.now(UTC),
            )
        )
    suite_store.remember_offers(
        folders, origin=ORIGINS[0], offers=SuiteOffers(suites=tuple(offers)), asked_at=datetime.now(UTC)
    )
