"""How often each rule alarms on honest sessions: `make false-alarms`.

Simulated sessions over every model of GPU that the rules know and one that they do not, five kinds of counter, noise,
gain, drift, slow readings, short and long queries, bursts, four tasks, both modes, RAPL and estimates. Goals: none
rejected, at most 0.5 % put aside, at most 0.1 % by any one rule. Flags that say what is so (no ticket, an unknown GPU)
are counted and are no alarms. A run that the agent itself found unfit is an alarm like any other: nothing is wrong
with these runs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / place) for place in ("", "agent", "simulation")]
sys.path[:0] = PATHS

from joulemark.rules.completeness import DIRTY
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark_simulation.nvml.cards import A100
from joulemark_simulation.nvml.running import running
from joulemark_simulation.nvml.scenario import scripted

SESSIONS = 2000
MOST_PUT_ASIDE = 0.005
MOST_BY_A_RULE = 0.001
EXPECTED = frozenset({"JM-TICKET-NONE", "JM-DEVICE-UNKNOWN", "JM-ESTIMATORS"})
"""Flags that say what is so; counter and power of these machines differ by up to 2 %."""
FILE = ROOT / "build" / "false-alarms.json"


def played(first: int, behind: int, every: int = 1) -> list[dict[str, Any]]:
    """Judge these sessions in this process, which must have been started in a simulation's environment."""
    from joulemark.energy.errors import EnergyError
    from joulemark.errors import MeasurementImpossible
    from joulemark.rules.judge import judge
    from joulemark_simulation.honest_sessions import session

    found = []
    for number in range(first, behind, every):
        try:
            drawn = session(number)
        except (MeasurementImpossible, EnergyError) as error:
            found.append({"number": number, "refused": str(error)})
            continue
        judged = judge(drawn.case)
        found.append(
            {
                "number": number,
                "kind": drawn.kind,
                "job": drawn.job,
                "state": judged.state,
                "flags": list(drawn.case.predicate.flags),
                "findings": [
                    [one.code, one.severity, one.sentence, dict(one.evidence)] for one in judged.findings
                ],
            }
        )
    return found


def in_parallel(sessions: int, *, first: int = 0, workers: int | None = None) -> list[dict[str, Any]]:
    """The same by as many processes as there are cores, each in the environment of a simulated card."""
    count = workers or len(os.sched_getaffinity(0))
    with running(scripted(A100)) as simulation:
        environment = {**simulation.environment, "PYTHONPATH": os.pathsep.join(PATHS)}
        started = [
            subprocess.Popen(
                [sys.executable, __file__, "--play", f"{first + place}:{first + sessions}:{count}"],
                env=environment,
                stdout=subprocess.PIPE,
            )
            for place in range(count)
        ]
        answers = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit("A process of the simulation failed; its error stands above.")
    return sorted((row for answer in answers for row in json.loads(answer)), key=lambda row: row["number"])


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts and rates, and whether the goals are met."""
    judged = [row for row in rows if "state" in row]
    states = Counter(row["state"] for row in judged)
    alarms = Counter(code for row in judged for code in {finding[0] for finding in row["findings"]})
    rules: list[dict[str, Any]] = [
        {
            "code": rule.code,
            "severity": rule.severity,
            "alarms": alarms[rule.code],
            "rate": alarms[rule.code] / len(judged),
            "expected": rule.code in EXPECTED,
        }
        for rule in RULES
    ]
    met = (
        not states["rejected"]
        and states["quarantined"] <= MOST_PUT_ASIDE * len(judged)
        and all(one["rate"] <= MOST_BY_A_RULE for one in rules if not one["expected"])
    )
    return {
        "rules_version": RULES_VERSION,
        "sessions": len(rows),
        "not_measurable": len(rows) - len(judged),
        "unfit_for": dict(Counter(flag for row in judged for flag in DIRTY.intersection(row["flags"]))),
        "judged": len(judged),
        "rejected": states["rejected"],
        "quarantined": states["quarantined"],
        "goals_met": met,
        "rules": rules,
        "kinds": dict(Counter(row["kind"].partition(",")[0].partition(" ")[0] for row in judged)),
        "put_aside": [row for row in judged if row["state"] != "accepted"],
        "refused": [row for row in rows if "refused" in row],
    }


def main(arguments: list[str] | None = None) -> int:
    """0 when the goals are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--first", type=int, default=0, help="the number of the first session")
    parser.add_argument("--play", metavar="FIRST:BEHIND:EVERY", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.play:
        print(json.dumps(played(*map(int, options.play.split(":")))))
        return 0
    began_s = time.monotonic()
    found = summary(in_parallel(options.sessions, first=options.first))
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    _tell(found, time.monotonic() - began_s)
    return 0 if found["goals_met"] else 1


def _tell(found: dict[str, Any], took_s: float) -> None:
    print(f"{'rule':<20} {'severity':<11} {'alarms':>6} {'rate':>8}")
    for one in found["rules"]:
        note = "  what is so" if one["expected"] else ""
        print(f"{one['code']:<20} {one['severity']:<11} {one['alarms']:>6} {one['rate']:>8.3%}{note}")
    judged = found["judged"]
    print(
        f"{judged} honest sessions judged in {took_s:.0f} s: {found['rejected']} rejected, {found['quarantined']} put "
        f"aside ({found['quarantined'] / judged:.2%})."
    )
    print(
        f"Flags of the agent: {found['unfit_for'] or 'none'}. {found['not_measurable']} ended without a result."
    )
    print(f"Goals {'met' if found['goals_met'] else 'NOT met'}; written to {FILE.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
