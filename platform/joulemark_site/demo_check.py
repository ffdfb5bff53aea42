"""What `manage.py demo --check` asserts: results accepted, boards filled, downloads that a stranger can verify."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from joulemark.record.statement import Grade
from joulemark_site.demo import Demo, DemoFailed

LEAST_RESULTS = 5
LEAST_ROWS = 5


@dataclass(frozen=True)
class Checked:
    """How much was seen to be right."""

    results: int
    rows: int
    downloads: int

    def __str__(self) -> str:
        return f"demo: {self.results} results accepted, {self.rows} board rows, {self.downloads} downloads verified"


def check(demo: Demo) -> Checked:
    """Read everything back over HTTP and verify it. Raises DemoFailed at the first thing that does not fit."""
    accepted = _accepted(demo)
    boards = [board for board in _json(demo, "/api/v1/boards/")["boards"] if board["grade"] != "published"]
    rows = sum(_board_rows(demo, board) for board in boards)
    for result_id in accepted:
        _verify_bundle(demo, result_id)
    if len(accepted) < LEAST_RESULTS or rows < LEAST_ROWS:
        raise DemoFailed(
            f"Only {len(accepted)} results were accepted and {rows} board rows shown; "
            f"{LEAST_RESULTS} and {LEAST_ROWS} are the least. `joulemark status` gives the reasons."
        )
    _expect_ratio(demo)
    return Checked(results=len(accepted), rows=rows, downloads=len(accepted) + 2 * len(boards))


def _accepted(demo: Demo) -> list[str]:
    """Ids of the results that the agent sent and the platform accepted; any other verdict fails the check."""
    rows = demo.agent_json("status")["results"]
    for row in rows:
        if row["state"] != "accepted":
            raise DemoFailed(f"Result {row['result_id'][:12]} is {row['state']}: {row.get('findings')}")
    return [row["result_id"] for row in rows]


def _board_rows(demo: Demo, board: dict[str, Any]) -> int:
    """Rows of one board, once its CSV and its JSON say the same and every row is graded as the board is."""
    path = f"/api/v1/boards/{board['series']}/{board['task']}"
    rows = _json(demo, f"{path}.json")["rows"]
    table = list(csv.DictReader(io.StringIO(demo.get(f"{path}.csv").decode())))
    if [row["model"] for row in rows] != [row["model"] for row in table]:
        raise DemoFailed(f"The CSV and the JSON of {path} name different models.")
    for row, line in zip(rows, table, strict=True):
        if float(line["energy_wh_per_1000"]) != row["energy_wh_per_1000"] or row["grade"] != board["grade"]:
            raise DemoFailed(f"The CSV and the JSON of {path} differ for {row['model']}.")
    return len(rows)


def _verify_bundle(demo: Demo, result_id: str) -> None:
    """Download a bundle as a stranger would and let `joulemark verify` check it."""
    path = Path(demo.folder) / "downloads" / f"{result_id[:16]}.joulemark.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(demo.get(f"/api/v1/results/{result_id}/bundle"))
    if not demo.agent_json("verify", str(path))["ok"]:
        raise DemoFailed(f"The bundle of result {result_id[:12]} does not verify.")


def _expect_ratio(demo: Demo) -> None:
    """The comparison must hold a ratio from this run, marked estimated where it is, beside the study's."""
    grades = {row["grade"] for row in _json(demo, "/api/v1/comparisons/text_classification.json")["rows"]}
    if "published" not in grades or not grades & {*get_args(Grade)}:
        raise DemoFailed(f"The comparison of text classification shows only {sorted(grades)} ratios.")


def _json(demo: Demo, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(demo.get(path))
    return answer
