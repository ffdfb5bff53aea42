"""A whole suite of the hub, run from its cache without a network: every task, and every fault that must be noticed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from joulemark.cli import main
from joulemark.errors import EXIT_IMPOSSIBLE, EXIT_STORAGE
from joulemark.outbox import OutboxResult
from joulemark.record import bundle as bundles
from joulemark.record import trace as traces
from joulemark.record.statement import Predicate
from joulemark.rules.case import Case, Context
from joulemark.rules.judge import Judgement, judge
from joulemark.session.statement import outputs_sha256
from joulemark.suite import Sample, Suite, read_suite
from joulemark.workloads import Output, Query, Workload, WorkloadError, open_workload
from joulemark.workloads.recipe import Decoding
from joulemark.workloads.tasks import open_task
from joulemark.workloads.tasks.text_generation import TextGeneration
from joulemark.workloads.tasks.workload import TaskWorkload
from joulemark_simulation.tiny_models.recipes import MODELS, recipe_of
from joulemark_simulation.tiny_models.rows import reviews
from joulemark_simulation.tiny_models.suite import PLANS, build_suite, snapshot, write_parquet
from tests.agent.agent_commands import Agent

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("no_network", "one_thread")]
SENTIMENT = "text_classification/text_classification/bert-sentiment"
WRITING = "text_generation/text_generation/llama"
SUMMARY = "summarization/summarization/bart"


@dataclass(frozen=True)
class Built:
    """The suite's folder and the home of the Hugging Face cache."""

    folder: Path
    hf_home: Path

    @property
    def cache(self) -> Path:
        return self.hf_home / "hub"

    @property
    def suite(self) -> Suite:
        return read_suite(self.folder)


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory, tiny_model: Callable[[str], Path]) -> Built:
    home = tmp_path_factory.mktemp("tiny-suite")
    build_suite(home / "pinned", home / "hf" / "hub", tiny_model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_CACHE", str(home / "hf" / "hub"))
        for kind in ("CONFIG", "STATE", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind))
        every = ("--queries", "1000")
        assert main(["suite", "answer", str(home / "pinned"), "--out", str(home / "tiny"), *every]) == 0
    return Built(home / "tiny", home / "hf")


@pytest.fixture
def built(built_once: Built, monkeypatch: pytest.MonkeyPatch) -> Built:
    """The suite, and its cache where the agent looks for one."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(built_once.hf_home))
    return built_once


@pytest.fixture
def spoilt(built_once: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    """As `built`, in a copy that a test may change."""
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    shutil.copytree(built_once.hf_home, tmp_path / "hf", symlinks=True)
    return Built(built_once.folder, tmp_path / "hf")


def run(command: Agent, built: Built, *only: str) -> int:
    words = ("run", "--suite", str(built.folder), "--offline", "--meter", "estimate", "--cpu-watts", "10")
    return command(*words, *(("--only", *only) if only else ()))


def judged(
    kept: OutboxResult, suite: Suite, lie: Callable[[Predicate], Predicate] = lambda said: said
) -> Judgement:
    """What the rules say of an offline result, or of what someone made of it."""
    statement = bundles.verified_statement(kept.bundle)
    context = Context(
        received_at=datetime.now(UTC),
        audience=statement.predicate.audience,
        public_key=statement.predicate.contributor.public_key,
        key_revoked=False,
        ticket=None,
        suite=suite,
        same_trace_as=None,
    )
    trace = traces.parse(traces.unpack(kept.bundle.trace))
    statement = structs.replace(statement, predicate=lie(statement.predicate))
    return judge(Case(statement, trace, context))


def codes(judgement: Judgement) -> set[str]:
    return {finding.code for finding in judgement.findings}


def test_a_folder_for_links_that_cannot_be_written_is_no_fault_of_the_job(
    command: Agent, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setenv("XDG_CACHE_HOME", "/dev/null")
        assert run(command, built, SENTIMENT) == EXIT_STORAGE
    assert "Set XDG_CACHE_HOME to a writable folder" in command.err
    assert run(command, built, SENTIMENT) == 0, command.err


def result(command: Agent) -> OutboxResult:
    (kept,) = command.outbox.results()
    return kept


def with_work(**changes: object) -> Callable[[Predicate], Predicate]:
    return lambda said: structs.replace(said, workload=structs.replace(said.workload, **changes))


def test_the_suite_has_ten_tasks_and_thirteen_jobs(built: Built) -> None:
    suite = built.suite
    assert (len(suite.tasks), len(suite.jobs), suite.is_pinned) == (10, len(MODELS), True)


def test_every_job_runs_and_is_believed(command: Agent, built: Built) -> None:
    assert run(command, built) == 0, command.err
    suite = built.suite
    found = {}
    for each in command.outbox.results():
        work = each.bundle.statement().predicate.workload
        found[f"{work.task}/{work.dataset}/{work.model}"] = judged(each, suite)
        assert (work.dtype, work.batch_size) == ("float32", 1)
        assert work.weights_sha256 == suite.weights_sha256(work.model)
    assert {key: (judgement.state, codes(judgement)) for key, judgement in found.items()} == {
        job.key: ("accepted", {"JM-TICKET-NONE"}) for job in suite.jobs
    }


def test_other_weights_in_the_snapshot_are_refused(command: Agent, spoilt: Built) -> None:
    weights = snapshot(spoilt.cache, "models", "bert-sentiment") / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert run(command, spoilt, SENTIMENT) == EXIT_IMPOSSIBLE
    assert "are not those that the suite pins: model.safetensors. Fetch the pinned revision" in command.err
    assert not list(command.outbox.results())
    workload = open_workload(spoilt.suite, spoilt.suite.job(SENTIMENT), cache_dir=command.folders.cache)
    with pytest.raises(WorkloadError, match="not those that the suite pins"):
        workload.load()


def test_another_sample_is_noticed(command: Agent, built: Built) -> None:
    assert run(command, built, SENTIMENT) == 0
    suite = built.suite
    others = {suite.sample("text_classification", seed, 2).sha256 for seed in range(40)}
    true = result(command).bundle.statement().predicate.workload.sample_sha256
    for other in others - {true}:
        assert "JM-SAMPLE" in codes(judged(result(command), suite, with_work(sample_sha256=other)))


@pytest.mark.parametrize("stated", ["dataset_revision", "model_revision", "weights_sha256"])
def test_another_revision_is_noticed(command: Agent, built: Built, stated: str) -> None:
    assert run(command, built, SENTIMENT) == 0
    other = ("ab" * 32)[: 64 if stated == "weights_sha256" else 40]
    judgement = judged(result(command), built.suite, with_work(**{stated: other}))
    assert (judgement.state, codes(judgement)) == ("rejected", {"JM-REVISION", "JM-TICKET-NONE"})


def test_a_job_under_another_name_is_noticed(command: Agent, built: Built) -> None:
    assert run(command, built, SENTIMENT) == 0
    judgement = judged(result(command), built.suite, with_work(model="vit"))
    assert {"JM-JOB-UNKNOWN", "JM-REVISION"} <= codes(judgement)


def answers(workload: Workload, suite: Suite) -> tuple[Output, ...]:
    workload.load()
    queries = workload.queries(suite.sample("text_generation", 1, 2))
    return tuple(workload.answer(query) for query in queries)


def test_answers_that_were_cut_or_left_out_have_another_digest(built: Built, tmp_path: Path) -> None:
    suite = built.suite
    opened = [open_workload(suite, suite.job(WRITING), cache_dir=tmp_path) for _ in range(3)]
    whole = answers(opened[0], suite)
    assert [output.output_tokens for output in whole] == [10, 10]
    assert outputs_sha256(answers(opened[1], suite)) == outputs_sha256(whole)
    assert outputs_sha256(whole[:1]) != outputs_sha256(whole)
    brief = opened[2]
    assert isinstance(brief, TaskWorkload)
    brief.recipe = replace(brief.recipe, decoding=Decoding(max_new_tokens=4))
    cut = answers(brief, suite)
    assert [output.output_tokens for output in cut] == [4, 4]
    assert outputs_sha256(cut) != outputs_sha256(whole)


def test_answers_that_are_not_the_known_ones_are_refused_at_home(
    command: Agent, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that writes less than the suite asks for is noticed before it is measured."""

    def cut(self: TaskWorkload, query: Query) -> Output:
        whole = answer(self, query)
        return replace(whole, value=whole.value[: len(whole.value) // 2])

    answer = TaskWorkload.answer
    monkeypatch.setattr(TaskWorkload, "answer", cut)
    assert run(command, built, WRITING) == EXIT_IMPOSSIBLE
    assert "known queries differently from the suite" in command.err
    assert not list(command.outbox.results())


def test_what_a_model_raises_costs_its_own_job_alone(
    command: Agent, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trips(self: TaskWorkload, query: Query) -> Output:
        raise RuntimeError("shapes differ\nand more")

    monkeypatch.setattr(TextGeneration, "respond", trips)
    words = ("--task", "text_generation", "--task", "masked_lm")
    arguments = ("run", "--suite", str(built.folder), "--offline", "--meter", "estimate", "--cpu-watts", "10")
    answer = command.json(*arguments, *words)
    assert command.code == EXIT_IMPOSSIBLE
    assert [row["job"].partition("/")[0] for row in answer["results"]] == ["masked_lm"]
    (failed,) = answer["failed"]
    assert failed["code"] == "workload-crashed"
    assert "failed (RuntimeError: shapes differ). Check" in failed["sentence"]


def test_fewer_answers_in_a_window_are_noticed(command: Agent, built: Built) -> None:
    assert run(command, built, SENTIMENT) == 0

    def fewer(said: Predicate) -> Predicate:
        return structs.replace(
            said, windows=tuple(structs.replace(window, queries=1) for window in said.windows)
        )

    assert {"JM-SAMPLE", "JM-WINDOWS"} <= codes(judged(result(command), built.suite, fewer))


def test_a_data_set_with_too_few_rows_gives_no_result(command: Agent, spoilt: Built) -> None:
    shard = snapshot(spoilt.cache, "datasets", "summarization") / PLANS["summarization"].shards[0]
    write_parquet(shard, [{"document": "Only one.", "summary": "One."}])
    assert run(command, spoilt, SUMMARY) == EXIT_IMPOSSIBLE
    assert "The data set has no row 1. Fetch the revision" in command.err
    assert not list(command.outbox.results())


def test_what_is_not_in_the_cache_is_said_as_a_command(command: Agent, spoilt: Built) -> None:
    shutil.rmtree(snapshot(spoilt.cache, "models", "bart"))
    assert run(command, spoilt, SUMMARY) != 0
    assert "hf download tiny/bart --revision" in command.err
    assert not list(command.outbox.results())


def test_classes_without_names_are_measured_and_not_scored(
    command: Agent, spoilt: Built, tmp_path: Path
) -> None:
    shutil.copytree(spoilt.folder, tmp_path / "other-rows")
    (tmp_path / "other-rows" / "answers.toml").unlink()
    spoilt = Built(tmp_path / "other-rows", spoilt.hf_home)
    shard = snapshot(spoilt.cache, "datasets", "text_classification") / PLANS["text_classification"].shards[0]
    write_parquet(shard, [{"text": f"Text {number}", "label": number % 2} for number in range(4)])
    assert run(command, spoilt, SENTIMENT) == 0, command.err
    said = result(command).bundle.statement().predicate
    assert said.quality == ()
    assert dict(said.not_scored) == {"accuracy": "labels-unknown", "macro-f1": "labels-unknown"}
    assert codes(judged(result(command), spoilt.suite)) == {"JM-TICKET-NONE"}


def test_a_run_leaves_the_cache_of_the_hub_as_it_was(command: Agent, spoilt: Built) -> None:
    def listed() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in spoilt.hf_home.rglob("*")}

    before = listed()
    assert run(command, spoilt, "*/bert-*") == 0
    assert listed() == before


def test_a_lock_that_someone_changed_makes_another_suite(
    command: Agent, spoilt: Built, tmp_path: Path
) -> None:
    true, other = snapshot(spoilt.cache, "models", "bert-sentiment"), "34" * 20
    true.rename(true.with_name(other))
    shutil.copytree(spoilt.folder, tmp_path / "changed")
    lock = tmp_path / "changed" / "lock.toml"
    lock.write_text(lock.read_text(encoding="utf-8").replace(true.name, other), encoding="utf-8")
    assert run(command, Built(tmp_path / "changed", spoilt.hf_home), SENTIMENT) == 0
    assert {"JM-SUITE-UNKNOWN", "JM-REVISION"} <= codes(judged(result(command), spoilt.suite))


def test_a_suite_asks_what_a_recipe_by_hand_asks(
    built: Built, tmp_path: Path, tiny_model: Callable[[str], Path]
) -> None:
    suite = built.suite
    by_suite = open_workload(suite, suite.job(SENTIMENT), cache_dir=tmp_path)
    by_hand = open_task(recipe_of("text_classification", tiny_model("bert-sentiment")), reviews())
    assert by_suite.load() == by_hand.load()
    sample = Sample(query_ids=suite.query_ids("text_classification"), sha256="0" * 64)
    asked = by_suite.queries(sample)
    assert asked == by_hand.queries(sample)
    assert [query.reference for query in asked] == ["negative", "positive", "negative", None]
    said = [by_suite.answer(query) for query in asked]
    assert said == [by_hand.answer(query) for query in asked]
    assert by_suite.quality(asked, said) == by_hand.quality(asked, said)
    assert {output.value for output in said} == {"negative", "positive"}
