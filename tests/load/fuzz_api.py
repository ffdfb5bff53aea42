"""The API under requests that its own description allows, and many that it does not: `make fuzz-api`.

schemathesis draws requests from docs/openapi.yaml and sends them to a platform of our own on PostgreSQL and Redis.
No answer may be a 500, and none may have a status, type or body that the description does not name. FUZZ_CASES says how
many requests at least, FUZZ_SEED what they are drawn from.
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
sys.path.insert(0, str(ROOT))

from tests.processes import Platform, platform
from tests.services import services

CASES = int(os.environ.get("FUZZ_CASES", "5000"))
SEED = os.environ.get("FUZZ_SEED", "20261124")
OPERATIONS = 28
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
UNLIMITED = (
    "prefix=100000000/h,enrolment=100000000/h,ticket=100000000/h,result=100000000/h,request=100000000/h"
)


def main() -> int:
    """Run it and print the last lines; 1 when something is wrong or fewer cases were sent than asked for."""
    with services() as running, tempfile.TemporaryDirectory() as folder:
        where = {"database_url": running.database_url or "", "redis_url": running.redis_url or ""}
        with platform(name="fuzz", folder=Path(folder), JOULEMARK_RATES=UNLIMITED, **where) as made:
            made.start_web()
            code, sent = fuzz(made, Path(folder))
    print(f"{sum(sent.values())} requests answered: {dict(sorted(sent.items()))}")
    failed = code != 0 or sum(sent.values()) < CASES or any(status >= 500 for status in sent)
    print("FAILED" if failed else f"no 500, no undocumented answer in {sum(sent.values())} requests")
    return int(failed)


def fuzz(made: Platform, folder: Path) -> tuple[int, Counter[int]]:
    """The exit code of schemathesis, and how many answers had which status."""
    report = folder / "events.ndjson"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", str(ROOT / "docs" / "openapi.yaml"),
        "--url", made.origin, "--checks", CHECKS, "--max-examples", str(-(-CASES * 5 // (4 * OPERATIONS))),
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
