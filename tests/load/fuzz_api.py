"""The API under requests that its own description allows, and many that it does not: `make fuzz-api`.

schemathesis draws requests from docs/openapi.yaml; others have hostile text in a path, a question, a header, a cookie,
the host name or a body (`hostile_requests`). Both go to platforms of our own: one on PostgreSQL and Redis, one embedded
on SQLite. No answer may be a 500, none to a described request may have a status, type or body that the description does
not name, and each refusal is a problem document. FUZZ_CASES says how many requests each platform gets at least,
FUZZ_SEED what they are drawn from.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "simulation")]

from joulemark_simulation.services import services
from tests.load.hostile_requests import send_hostile
from tests.processes import Platform, embedded_platform, platform

CASES = int(os.environ.get("FUZZ_CASES", "20000"))
SEED = os.environ.get("FUZZ_SEED", "20261124")
DESCRIBED = CASES // 4
"""So many, about, are drawn from the description; the others are hostile."""
OPERATIONS = 50
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
UNLIMITED = (
    "prefix=100000000/h,enrolment=100000000/h,ticket=100000000/h,result=100000000/h,request=100000000/h,"
    "reads=100000000/h"
)


LIMITS = {"JOULEMARK_RATES": UNLIMITED, "JOULEMARK_STREAMS": "64"}
"""Who asks without a pause is refused by 429 and 503, and then nothing is tried: so these limits are lifted."""


def main() -> int:
    """Run it on both kinds of platform and print the last lines; 1 when something is wrong or too few were sent."""
    failed = False
    with services() as running, tempfile.TemporaryDirectory() as folder:
        where = {"database_url": running.database_url or "", "redis_url": running.redis_url or ""}
        kinds = {
            "PostgreSQL and Redis": platform(
                name="fuzz", folder=_folder(folder, "production"), **LIMITS, **where
            ),
            "SQLite": embedded_platform(folder=_folder(folder, "embedded"), **LIMITS),
        }
        for kind, prepared in kinds.items():
            with prepared as made:
                made.start_web()
                if "REDIS_URL" in made.environment:  # without it the server does the periodic work by itself
                    made.start_worker("--beat", "--schedule", str(made.folder / "schedule"))
                failed |= attack(kind, made)
    return int(failed)


def _folder(within: str, name: str) -> Path:
    made = Path(within) / name
    made.mkdir()
    return made


def attack(kind: str, made: Platform) -> bool:
    """Requests out of the description, then hostile ones; whether anything was wrong."""
    code, sent = fuzz(made, made.folder)
    hostile, faults = send_hostile(made.origin, count=max(CASES - sum(sent.values()), CASES // 4), seed=SEED)
    total = sum(sent.values()) + sum(hostile.values())
    print(
        f"{kind}: {sum(sent.values())} requests out of the description answered: {dict(sorted(sent.items()))}"
    )
    print(f"{kind}: {sum(hostile.values())} hostile requests answered: {dict(sorted(hostile.items()))}")
    errors = sum(count for status, count in (sent + hostile).items() if status >= 500)
    tracebacks = made.log("web.log").count("Traceback")
    for fault in faults[:20]:
        print(f"  {fault}")
    failed = code != 0 or total < CASES or errors > 0 or bool(faults) or tracebacks > 0
    print(
        f"{kind}: {errors} of {total} answers are 500 or more; {tracebacks} tracebacks: {'FAILED' if failed else 'ok'}"
    )
    return failed


def fuzz(made: Platform, folder: Path) -> tuple[int, Counter[int]]:
    """The exit code of schemathesis, and how many answers had which status."""
    report = folder / "events.ndjson"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(ROOT / "docs" / "openapi.yaml"),
        "--url", made.origin, "--checks", CHECKS, "--max-examples", str(max(1, -(-DESCRIBED * 5 // (4 * OPERATIONS)))),
        "--phases", "examples,coverage,fuzzing", "--seed", SEED, "--no-shrink", "--continue-on-failure",
        "--workers", "1", "--no-color", "--warnings", "off", "--generation-database", "none",
        "--report", "ndjson", "--report-ndjson-path", str(report),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, check=False)
    return done.returncode, statuses(report)


def statuses(report: Path) -> Counter[int]:
    """Statuses of all answers in schemathesis' report of events."""
    found: Counter[int] = Counter()
    with report.open(encoding="utf-8") as lines:
        for line in lines:
            count_answers(json.loads(line), found)
    return found


def count_answers(event: object, found: Counter[int]) -> None:
    """Add the statuses of all responses anywhere in an event."""
    if isinstance(event, dict):
        response = event.get("response")
        if isinstance(response, dict) and isinstance(response.get("status_code"), int):
            found[response["status_code"]] += 1
        for value in event.values():
            count_answers(value, found)
    elif isinstance(event, list):
        for value in event:
            count_answers(value, found)


if __name__ == "__main__":
    sys.exit(main())
