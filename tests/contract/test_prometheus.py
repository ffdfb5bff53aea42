"""A real Prometheus scrapes a real platform; its rules fire while something is broken, and end with it.

The rules are those of deploy/prometheus/alarms.yml, with shorter times. Meanwhile health answers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

import psycopg
import pytest

from joulemark.record.codec import encode
from joulemark_simulation import records
from joulemark_simulation.services import Services, services
from tests.frozen import frozen, server_in
from tests.processes import Platform, free_port, kill, platform, wait_until

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
LIMIT_S = 180.0


class Monitored:
    """A platform with servers of its own, and the Prometheus that watches it."""

    def __init__(
        self,
        running: Platform,
        servers: Services,
        *,
        web: subprocess.Popen[bytes],
        prometheus: subprocess.Popen[bytes],
        address: str,
    ) -> None:
        self.running, self.servers = running, servers
        self.web, self.prometheus, self.address = web, prometheus, address

    def ask(self, path: str) -> Any:
        with urlopen(self.address + path, timeout=10) as answer:  # noqa: S310 - of this machine
            return json.loads(answer.read())["data"]

    def firing(self) -> set[str]:
        alerts = self.ask("/api/v1/alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def wait_for(self, expected: set[str]) -> None:
        wait_until(
            lambda: self.firing() == expected,
            beside=self.prometheus,
            what=f"{expected or 'nothing'} fires",
            limit_s=LIMIT_S,
        )

    def health(self) -> tuple[int, dict[str, Any]]:
        """What it answers, also while what it asks is frozen and would never answer."""
        status, body = self.running.get("/api/v1/health")
        return status, cast("dict[str, Any]", json.loads(body))

    def wait_for_health(self, status: int, alarms: list[str]) -> None:
        """A busy machine may have one answer miss what it asks for, and so name more."""

        def is_so() -> bool:
            answered, fields = self.health()
            return (answered, fields["alarms"]) == (status, alarms)

        wait_until(is_so, beside=self.web, what=f"health is {status} with {alarms}", limit_s=LIMIT_S)

    def sql(self, statement: str) -> None:
        with psycopg.connect(self.running.database_url, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monitored]:
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not on this machine: install Debian's package prometheus")
    folder = tmp_path_factory.mktemp("monitored")
    with (
        services() as servers,
        platform(
            name="monitored",
            folder=folder,
            database_url=str(servers.database_url),
            redis_url=str(servers.redis_url),
            JOULEMARK_METRICS_FROM="127.0.0.1",
            JOULEMARK_WAITING_ALARM_S="2",
            JOULEMARK_LOG_ALARM_S="86400",
        ) as running,
    ):
        web = running.start_web()
        config = configure(folder, running)
        port = free_port()
        prometheus = running.start(
            program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            log="prometheus.log",
        )
        address = f"http://127.0.0.1:{port}"
        made = Monitored(running, servers, web=web, prometheus=prometheus, address=address)
        wait_until(lambda: is_scraped(made), beside=prometheus, what="the platform is scraped")
        yield made


def configure(folder: Path, running: Platform) -> Path:
    """The rules as they are, but for times: what must last a minute must last a second here."""
    rules = (ROOT / "deploy" / "prometheus" / "alarms.yml").read_text(encoding="utf-8")
    (folder / "alarms.yml").write_text(re.sub(r"\bfor: \w+", "for: 1s", rules), encoding="utf-8")
    config = (ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    config = (
        config.replace("scrape_interval: 15s", "scrape_interval: 3s")
        .replace("15s", "1s")
        .replace("web:8000", running.origin.removeprefix("http://"))
    )
    config = config.replace("metrics_path", "scrape_timeout: 3s\n    metrics_path")
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    return folder / "prometheus.yml"


def is_scraped(monitored: Monitored) -> bool:
    try:
        found = monitored.ask("/api/v1/query?query=up")["result"]
    except OSError:
        return False
    return [sample["value"][1] for sample in found] == ["1"]


def lost_key(monitored: Monitored) -> Callable[[], None]:
    key = monitored.running.folder / "data" / "platform-key.pem"
    aside = key.rename(key.with_suffix(".aside"))
    return lambda: cast("None", aside.rename(key))


def broken_log(monitored: Monitored) -> Callable[[], None]:
    monitored.sql("UPDATE ledger_loghead SET fault = 'another root'")
    return lambda: monitored.sql("UPDATE ledger_loghead SET fault = ''")


CAUSES = {"KeyUnusable": lost_key, "LogBroken": broken_log}


@pytest.mark.parametrize("name", CAUSES)
def test_a_rule_fires_while_its_cause_is_there(monitored: Monitored, name: str) -> None:
    monitored.wait_for(set())
    mend = CAUSES[name](monitored)
    try:
        monitored.wait_for({name})
        monitored.wait_for_health(503, [name])
    finally:
        mend()
    monitored.wait_for(set())
    monitored.wait_for_health(200, [])


@pytest.mark.parametrize(
    ("name", "program", "check"), [("QueueAway", "redis", "queue"), ("DatabaseAway", "postgres", "database")]
)
def test_a_server_that_is_silent_is_named_within_two_seconds(
    monitored: Monitored, name: str, program: str, check: str
) -> None:
    monitored.wait_for(set())
    server = server_in(monitored.servers.folder, program)
    with frozen(server):
        begin_s = time.monotonic()
        status, fields = monitored.health()
        print(f"{name}: health answered in {time.monotonic() - begin_s:.2f} s")
        assert (status, name in fields["alarms"]) == (503, True)
        assert fields["checks"][check] != "ok"
        monitored.wait_for_health(503, [name])
        assert monitored.running.get("/livez") == (200, b"alive\n")
        monitored.wait_for({name})
    monitored.wait_for(set())
    monitored.wait_for_health(200, [])


def test_a_result_without_a_worker_is_late_until_there_is_one(
    monitored: Monitored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "ORIGIN", monitored.running.origin)
    running = monitored.running
    running.post("/api/v1/enrolments", encode(records.enrolment()))
    assert running.post("/api/v1/results", records.bundle().to_bytes())[0] == 202
    monitored.wait_for({"VerdictLate"})

    def messages() -> int:
        judging = (monitored.health()[1]["queues"] or {}).get("judging") or {}
        return int(judging.get("count") or 0)

    wait_until(lambda: messages() == 1, beside=monitored.web, what="its message waits", limit_s=LIMIT_S)
    worker = running.start_worker()
    monitored.wait_for(set())
    kill(worker)


def test_requests_of_all_processes_are_in_one_scrape(monitored: Monitored) -> None:
    """A scrape that a busy machine ends early takes all series with it until the next one."""
    query = 'query=sum(joulemark_requests_total{route="/api/v1/health"})'

    def requests() -> float:
        found = monitored.ask(f"/api/v1/query?{query}")["result"]
        return sum(float(sample["value"][1]) for sample in found)

    monitored.health()
    wait_until(
        lambda: requests() >= 1, beside=monitored.prometheus, what="requests are counted", limit_s=LIMIT_S
    )


def test_debians_own_service_does_not_run() -> None:
    """What the tests start is theirs alone: the package's service would listen at this port."""
    if os.environ.get("CI") and shutil.which("systemctl") is None:
        assert not Path("/run/systemd/system").exists()
    running = [
        words
        for words in map(_command, Path("/proc").glob("[0-9]*/cmdline"))
        if words[:1] == ["/usr/bin/prometheus"] and not any("--config.file" in word for word in words)
    ]
    assert running == []


def _command(file: Path) -> list[str]:
    try:
        return file.read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def test_a_platform_that_is_gone_is_down(monitored: Monitored) -> None:
    monitored.wait_for(set())
    kill(monitored.web)
    try:
        monitored.wait_for({"PlatformDown"})
    finally:
        monitored.web = monitored.running.start_web()
    monitored.wait_for(set())
