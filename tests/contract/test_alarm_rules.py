"""The rules of Prometheus: each alarm fires for its cause and ends with it, has its runbook, and no rule is dead.

promtool evaluates the rules over series of our own making; test_prometheus.py has a real Prometheus scrape a platform.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from measurements.monitoring.alarms import ALARMS

ROOT = Path(__file__).parents[2]
RULES_FILE = ROOT / "deploy" / "prometheus" / "alarms.yml"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
PROMETHEUS_ALONE = {"PlatformDown", "WatchSilent", "PagesSlow", "PagesFailing", "RefusalsMany"}
"""They need history, or another eye than the platform's own."""
N_BROKEN, N_WELL = 50, 120
"""Minutes for which the cause is there, and for which it is gone."""


@dataclass(frozen=True)
class Case:
    """Series, each with its values while the cause is there and after it. `step` adds up: a counter."""

    broken: dict[str, float]
    well: dict[str, float]
    fixed: dict[str, float]
    counts: bool = False

    def series(self) -> list[dict[str, str]]:
        return [
            *({"series": name, "values": self._values(name)} for name in self.broken),
            *(
                {"series": name, "values": f"{value}+0x{N_BROKEN + N_WELL}"}
                for name, value in self.fixed.items()
            ),
        ]

    def _values(self, name: str) -> str:
        broken, well = self.broken[name], self.well[name]
        if self.counts:
            return f"0+{broken}x{N_BROKEN} {broken * N_BROKEN:.0f}+{well}x{N_WELL}"
        return f"{broken}+0x{N_BROKEN} {well}+0x{N_WELL}"


LABELS = 'job="joulemark",instance="web:8000"'


COPY_BEHIND = f'joulemark_log_copy_behind{{copy="copy 1",{LABELS}}}'


def condition(name: str) -> Case:
    series = f'joulemark_condition_holds{{condition="{name}",{LABELS}}}'
    return Case({series: 0}, {series: 1}, {})


def wait(what: str) -> Case:
    labels = f'what="{what}",{LABELS}'
    oldest = f"joulemark_waiting_oldest_seconds{{{labels}}}"
    return Case({oldest: 901}, {oldest: 899}, {f"joulemark_waiting_limit_seconds{{{labels}}}": 900})


def periodic(name: str) -> Case:
    labels = f'name="{name}",{LABELS}'
    age = f"joulemark_periodic_age_seconds{{{labels}}}"
    return Case({age: 400}, {age: 20}, {f"joulemark_periodic_limit_seconds{{{labels}}}": 300})


def messages() -> Case:
    """A queue is held against its own limit: that of releases is hours."""
    names = ("judging", "releases")
    age = {name: f'joulemark_queue_oldest_seconds{{queue="{name}",{LABELS}}}' for name in names}
    limits = zip(names, (660, 22_260), strict=True)
    limits_s = {
        f'joulemark_queue_limit_seconds{{queue="{name}",{LABELS}}}': limit_s for name, limit_s in limits
    }
    meanwhile: dict[str, float] = {age["releases"]: 22_000, **limits_s}
    return Case({age["judging"]: 700}, {age["judging"]: 0}, meanwhile)


def gauge(name: str, labels: str, broken: float, well: float, **fixed: float) -> Case:
    series = f"{name}{{{labels}}}"
    return Case(
        {series: broken}, {series: well}, {f"{other}{{{LABELS}}}": value for other, value in fixed.items()}
    )


def requests(method: str, route: str, *, bad: str) -> Case:
    of = f'method="{method}",route="{route}",{LABELS}'
    names = [f'joulemark_requests_total{{status="{status}",{of}}}' for status in ("200", bad)]
    return Case(
        dict(zip(names, (5, 20), strict=True)), dict(zip(names, (25, 0), strict=True)), {}, counts=True
    )


def slow_requests() -> Case:
    of = f'route="/boards/<series>/",{LABELS}'
    bounds = ("0.1", "2.5", "10.0", "+Inf")
    names = [f'joulemark_request_seconds_bucket{{le="{bound}",{of}}}' for bound in bounds]
    count = f"joulemark_request_seconds_count{{{of}}}"
    return Case(
        {**dict(zip(names, (5, 5, 10, 10), strict=True)), count: 10},
        {**dict(zip(names, (10, 10, 10, 10), strict=True)), count: 10},
        {},
        counts=True,
    )


CASES = {
    "PlatformDown": gauge("up", LABELS, 0, 1),
    "DatabaseAway": condition("database"),
    "QueueAway": condition("queue"),
    "SchemaWrong": condition("schema"),
    "KeyUnusable": condition("keys"),
    "ClockWrong": condition("clock"),
    "DiskNearlyFull": condition("disk"),
    "LogBroken": condition("log"),
    "LogCopyBehind": Case({COPY_BEHIND: 1}, {COPY_BEHIND: 0}, {}),
    "WitnessLate": gauge(
        "joulemark_witness_late_seconds",
        f'witness="witness.example/w1",{LABELS}',
        90_000,
        0,
        joulemark_witness_limit_seconds=86_400,
    ),
    "CheckpointLate": wait("checkpoint"),
    "SweepLate": periodic("review.sweep"),
    "WatchSilent": periodic("watch"),
    "VerdictLate": wait("verdict"),
    "JudgingStuck": wait("judging"),
    "MessagesOld": messages(),
    "BoardLate": gauge("joulemark_board_lag_seconds", LABELS, 700, 3, joulemark_board_limit_seconds=600),
    "ModeratorLate": wait("moderator"),
    "AppealLate": wait("appeal"),
    "JudgingGivenUp": gauge("joulemark_given_up", LABELS, 1, 0),
    "PagesSlow": slow_requests(),
    "PagesFailing": requests("GET", "/results/<result_id>", bad="500"),
    "RefusalsMany": requests("POST", "/api/v1/results", bad="403"),
}


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    """One run of promtool; the test is skipped where there is none."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not on this machine: install Debian's package prometheus")
    return subprocess.run([program, *words], capture_output=True, text=True, check=False, timeout=60)


def test_promtool_finds_no_fault_in_the_rules() -> None:
    done = promtool("check", "rules", str(RULES_FILE))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"SUCCESS: {len(RULES)} rules found" in done.stdout
    done = promtool("check", "config", str(RULES_FILE.parent / "prometheus.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_case() -> None:
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("name", sorted(CASES))
def test_an_alarm_fires_for_its_cause_alone_and_ends_with_it(tmp_path: Path, name: str) -> None:
    case, rule = CASES[name], RULES[name]
    labels = dict(re.findall(r'(\w+)="([^"]*)"', "".join(case.broken)))
    carried = alert_labels(rule["expr"], labels)
    summary = re.sub(
        r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels[match[1]], rule["annotations"]["summary"]
    )
    annotations = {"summary": summary, "runbook_url": rule["annotations"]["runbook_url"]}
    fires = [{"exp_labels": {**rule["labels"], **carried}, "exp_annotations": annotations}]

    def alert_at(minute: int, alerts: list[dict[str, Any]]) -> dict[str, Any]:
        return {"eval_time": f"{minute}m", "alertname": name, "exp_alerts": alerts}

    others = [{"eval_time": "45m", "alertname": other, "exp_alerts": []} for other in CASES if other != name]
    whole = {
        "rule_files": [str(RULES_FILE)],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "1m",
                "input_series": case.series(),
                "alert_rule_test": [
                    alert_at(0, []),
                    alert_at(45, fires),
                    alert_at(N_BROKEN + 100, []),
                    *others,
                ],
            }
        ],
    }
    file = tmp_path / "case.yml"
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = promtool("test", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def alert_labels(expression: str, labels: dict[str, str]) -> dict[str, str]:
    """Labels that an alert has: those of its series, or those by which its expression adds up."""
    grouped = re.search(r"sum by \(([\w, ]+)\)", expression)
    names = labels.keys() if grouped is None else {name.strip() for name in grouped[1].split(",")} - {"le"}
    return {name: labels[name] for name in names if name in labels}


def test_the_platform_sends_what_prometheus_would_and_no_other() -> None:
    assert {alarm.name for alarm in ALARMS} == RULES.keys() - PROMETHEUS_ALONE
    for alarm in ALARMS:
        assert RULES[alarm.name]["labels"]["audience"] == alarm.audience, alarm.name
        assert RULES[alarm.name]["annotations"]["runbook_url"] == alarm.runbook, alarm.name


def test_every_alarm_has_a_section_of_the_runbook_and_every_section_an_alarm() -> None:
    runbook = OPERATIONS.split("\n## Runbook\n")[1].split("\n## ")[0]
    sections = re.findall(r"^### (\w+)$(.*?)(?=^### |\Z)", runbook, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in sections] == list(RULES), "in one order"
    for name, text in sections:
        assert re.findall(r"\*\*(\w+):\*\*", text) == ["Means", "Look", "Do"], name
        assert RULES[name]["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"


def test_the_dashboard_asks_for_figures_that_there_are() -> None:
    dashboard = cast("dict[str, Any]", json.loads(DASHBOARD.read_text(encoding="utf-8")))
    source = "".join(
        (ROOT / "measurements" / "monitoring" / f"{module}.py").read_text(encoding="utf-8")
        for module in ("exposition", "request_times", "result_times")
    )
    names = set(re.findall(r'"(joulemark_\w+)"', source))
    names |= {"joulemark_upload_to_verdict_seconds", "joulemark_upload_to_board_seconds"}
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for text in (*expressions, *(rule["expr"] for rule in RULES.values()))
             for name in re.findall(r"\bjoulemark_\w+", text)}  # fmt: skip
    bare = {re.sub(r"_(total|bucket|count|sum)$", "", name) for name in asked}
    assert bare <= names, bare - names
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
