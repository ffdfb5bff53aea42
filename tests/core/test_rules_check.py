"""`joulemark check FILE`: the rules at home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from joulemark.cli import main
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark_simulation import records

ROOT = Path(__file__).parents[2]


def kept(tmp_path: Path, **how: Any) -> str:
    file = tmp_path / "a.joulemark.json"
    file.write_bytes(records.bundle(**how).to_bytes())
    return str(file)


def checked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_honest_result_is_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = checked(capsys, kept(tmp_path))
    assert (code, answer["ok"], answer["state"]) == (0, True, "accepted")
    assert [finding["code"] for finding in answer["findings"]] == ["JM-TICKET-NONE"]
    assert answer["rules_version"] == RULES_VERSION
    assert answer["asked_by_the_platform_only"] == [r.code for r in RULES if r.where == "platform"]


def test_a_lie_is_told_with_its_evidence_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = kept(tmp_path, change=lambda said: structs.replace(said, flags=("foreign-process",)))
    code, answer = checked(capsys, file)
    assert (code, answer["ok"], answer["state"]) == (3, False, "quarantined")
    (finding,) = (one for one in answer["findings"] if one["code"] == "JM-DIRTY")
    assert finding == {
        "code": "JM-DIRTY",
        "severity": "quarantine",
        "rule": "The run is clean",
        "sentence": "The agent flagged the run: foreign-process.",
        "evidence": {"flags": "foreign-process"},
        "what_to_do": "Remove the cause that the flag names; measure again",
        "page": "docs/rules.md#jm-dirty",
    }
    assert main(["check", file]) == 3
    out = capsys.readouterr().out
    assert "JM-DIRTY (quarantine) The agent flagged the run: foreign-process." in out
    assert "evidence    flags = foreign-process" in out
    assert "applied by the platform only: JM-KEY-UNKNOWN" in out


def test_an_edited_total_is_rejected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = kept(
        tmp_path,
        change=lambda said: structs.replace(
            said, totals=structs.replace(said.totals, energy_per_query_j=0.001)
        ),
    )
    code, answer = checked(capsys, file)
    assert (code, answer["state"]) == (3, "rejected")
    evidence = next(one["evidence"] for one in answer["findings"] if one["code"] == "JM-TOTALS")
    assert (evidence["name"], evidence["stated"]) == ("energy_per_query_j", 0.001)


def test_the_suite_may_lie_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = kept(tmp_path)
    folder = ROOT / "agent" / "joulemark" / "suite" / "data"
    assert checked(capsys, file, "--suite", str(folder / "demo"))[0] == 0
    code, answer = checked(capsys, file, "--suite", "quick")
    assert code == 3
    assert "JM-SUITE-UNKNOWN" in [finding["code"] for finding in answer["findings"]]
    assert checked(capsys, file, "--suite", "nonesuch")[1]["error"]["exit_code"] == 2


def test_a_file_that_was_changed_or_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(kept(tmp_path))
    file.write_bytes(file.read_bytes().replace(b'"sig":"', b'"sig":"A', 1))
    code, answer = checked(capsys, str(file))
    assert (code, answer["ok"]) == (3, False)
    assert answer["error"]["code"].startswith("JM-")
    assert checked(capsys, str(tmp_path / "nowhere.json"))[0] == 2


def test_no_model_and_no_device_is_loaded(tmp_path: Path) -> None:
    program = (
        "import json, sys\nfrom joulemark.cli import main\ncode = main(sys.argv[1:])\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})), file=sys.stderr)\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "check", kept(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "agent")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not {"torch", "transformers", "pynvml", "httpx", "django"} & set(
        json.loads(done.stderr.splitlines()[-1])
    )
