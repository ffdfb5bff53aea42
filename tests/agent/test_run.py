"""`joulemark run` against a platform: one story from the plan to the receipts."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import msgspec

from joulemark.meters.cpu_share import SETTINGS, CpuQuota
from joulemark.record import bundle as bundles
from joulemark.record.statement import Parallelism, offline_seed
from tests.agent import fake_suite
from tests.agent.fake_platform import SEED, FakePlatform

if TYPE_CHECKING:
    import pytest

    from tests.agent.agent_commands import Agent


def test_every_job_is_measured_kept_and_received(enrolled: Agent, platform: FakePlatform) -> None:
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 0
    assert [row["job"] for row in answer["results"]] == [job.key for job in fake_suite.JOBS]
    assert {row["state"] for row in answer["results"]} == {"sent"}
    assert {kept.digest for kept in enrolled.outbox.results()} == set(platform.results)
    assert len(platform.tickets) == 3


def test_a_statement_says_all_that_was_done_and_why_fields_are_null(enrolled: Agent) -> None:
    enrolled("run", "--meter", "estimate", "--only", "writing/*")
    (kept,) = enrolled.outbox.results()
    said = bundles.verified_statement(kept.bundle).predicate
    assert said.ticket is not None
    assert said.ticket.sample_seed == SEED
    assert said.sensor.grade == "estimated"
    assert said.sensor.stated_watts == 12.0
    assert [window.queries for window in said.windows] == [5] * len(said.windows)
    assert said.windows[0].output_tokens == 35
    assert said.totals.energy_per_query_j > 0
    of_this_process = {path for path in said.absent if path.startswith("parallelism.")}
    assert {path: why for path, why in said.absent.items() if path not in of_this_process} == {
        "device.driver": "no-gpu",
        "device.ecc": "no-gpu",
        "device.memory_bytes": "cpu-uses-host-memory",
        "device.mig": "no-gpu",
        "device.power_limit_default_w": "no-gpu",
        "device.power_limit_w": "no-gpu",
        "device.vbios": "no-gpu",
        "idle": "estimate-has-no-idle",
        "totals.energy_net_j": "estimate-has-no-idle",
        "peak_memory_bytes": "device-does-not-count",
        "windows.energy_net_j": "estimate-has-no-idle",
    }


def test_a_statement_says_how_much_of_the_processor_the_work_could_use(
    enrolled: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = SimpleNamespace(get_num_threads=lambda: 6, get_num_interop_threads=lambda: 3)
    monkeypatch.setitem(sys.modules, "torch", torch)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)  # whatever this machine, or a run in this process, has set
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    monkeypatch.setenv("KMP_AFFINITY", "of /home/somebody")
    monkeypatch.setattr(
        "joulemark.session.statement.cpu_quota", lambda: CpuQuota(cpus=None, reason="no-quota")
    )
    enrolled("run", "--meter", "estimate", "--only", "writing/*")
    (kept,) = enrolled.outbox.results()
    said = kept.bundle.statement().predicate
    assert said.parallelism == Parallelism(
        intra_op_threads=6,
        inter_op_threads=3,
        cpu_quota=None,
        settings={"omp_num_threads": "6", "kmp_affinity": "not-a-plain-word"},
    )
    assert said.absent["parallelism.cpu_quota"] == "no-quota"


def test_a_classifier_has_no_tokens_and_says_so(enrolled: Agent) -> None:
    enrolled("run", "--meter", "estimate", "--only", "sorting/numbers/small")
    (kept,) = enrolled.outbox.results()
    said = kept.bundle.statement().predicate
    assert said.windows[0].output_tokens is None
    assert said.absent["windows.output_tokens"] == "task-has-no-tokens"


def test_stated_watts_are_the_users_and_scale_the_energy(enrolled: Agent) -> None:
    enrolled("run", "--meter", "estimate", "--cpu-watts", "40", "--only", "writing/*")
    (kept,) = enrolled.outbox.results()
    said = kept.bundle.statement().predicate
    assert said.sensor.stated_watts == 40
    assert said.sensor.stated_watts_source == "stated by the contributor"


def test_offline_asks_nothing_and_its_sample_can_be_redone(agent: Agent) -> None:
    assert agent("run", "--offline", "--only", "writing/*") == 0
    (kept,) = agent.outbox.results()
    said = kept.bundle.statement().predicate
    assert said.ticket is None
    assert said.absent["ticket"] == "offline-run"
    assert 0 <= offline_seed(said.nonce) < 2**48
    assert kept.state == "waiting"


def test_no_submit_takes_tickets_and_keeps_results(enrolled: Agent, platform: FakePlatform) -> None:
    assert enrolled("run", "--meter", "estimate", "--no-submit") == 0
    assert len(platform.tickets) == 3
    assert not platform.results
    assert [kept.state for kept in enrolled.outbox.results()] == ["waiting"] * 3
    assert enrolled("submit") == 0
    assert len(platform.results) == 3


def test_nothing_personal_is_sent(enrolled: Agent, platform: FakePlatform) -> None:
    import getpass
    import socket

    enrolled("run", "--meter", "estimate")
    for body in platform.results.values():
        statement = msgspec.json.decode(bundles.parse(body).envelope.payload)
        text = str(statement["predicate"]["host"]) + str(statement["predicate"]["device"])
        assert socket.gethostname() not in text
        assert str(enrolled.folders.state) not in str(statement)
        assert f"'{getpass.getuser()}'" not in text


def test_a_finished_session_is_not_run_again_and_fresh_is(enrolled: Agent, platform: FakePlatform) -> None:
    first = enrolled.json("run", "--meter", "estimate")
    again = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 0
    assert again["session"] == first["session"]
    assert [row["resumed"] for row in again["results"]] == [True] * 3
    assert len(platform.results) == 3
    fresh = enrolled.json("run", "--meter", "estimate", "--fresh")
    assert fresh["session"] != first["session"]
    assert len(platform.results) == 6


def test_jobs_without_packages_are_named_and_the_rest_runs(
    enrolled: Agent, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        fake_suite, "MISSING", {"writing/letters/small": "Install writer: pip install writer"}
    )
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 0
    assert answer["left_out"] == [
        {"job": "writing/letters/small", "sentence": "Install writer: pip install writer"}
    ]
    assert len(platform.results) == 2


def test_nothing_can_run_is_an_error(enrolled: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = {job.key: "Install it: pip install it" for job in fake_suite.JOBS}
    monkeypatch.setattr(fake_suite, "MISSING", missing)
    answer = enrolled.json("run", "--meter", "estimate")
    assert enrolled.code == 7
    assert answer["error"]["code"] == "workload-unavailable"
    assert "pip install it" in enrolled.err
    enrolled("run", "--meter", "estimate")
    assert enrolled.err.count("pip install it") == 1


def test_jobs_that_lack_the_same_are_named_with_one_advice(
    enrolled: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {job.key: "Run `pip install it`." for job in fake_suite.JOBS if job.task == "sorting"}
    monkeypatch.setattr(fake_suite, "MISSING", missing)
    assert enrolled("run", "--meter", "estimate") == 0
    assert "Left out: sorting/numbers/small, sorting/numbers/large. Run `pip install it`." in enrolled.err
    assert enrolled.err.count("pip install it") == 1
