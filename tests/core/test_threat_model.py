"""docs/threat-model.md: rows name tests that are there; what ruff's security rules overlook has a reason."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
ROWS = [
    line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| Who |", "|---"))
]
SPAN = re.compile(r"`([^`]+)`")
PRODUCT = ("agent/joulemark", "measurements", "platform", "deploy", "manage.py")


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number in range(1, len(ROWS) + 1)])
def test_a_threat_names_its_test(row: str) -> None:
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert len(cells) == 6, row
    assert all(cells), row
    file, *functions = SPAN.findall(cells[-1])
    text = (ROOT / file).read_text(encoding="utf-8")
    for function in functions:
        assert f"def {function}(" in text, f"{file} has no {function}"


def test_there_are_rows_for_everybody() -> None:
    assert {row.split("|")[1].strip() for row in ROWS} >= {
        "Stranger", "Contributor", "Moderator", "Operator by mistake", "Operator by intent", "Reader of logs",
    }  # fmt: skip


def test_every_exception_from_a_security_rule_has_its_reason() -> None:
    listed = subprocess.run(
        ["git", "ls-files", *PRODUCT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    without = [
        f"{file}:{number}"
        for file in listed.stdout.split()
        if file.endswith(".py")
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# noqa: [^#]*\bS\d{3}", line) and not re.search(r"\bS\d{3}(, \w+)* (- |\()\w", line)
    ]
    assert without == []
