"""What the documents say is run: examples decode, the ten lines verify, every code is explained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from joulemark.record.codec import decode, encode
from joulemark.record.statement import Statement
from joulemark.record.trace import Trace
from joulemark.rules.judge import RULES, RULES_VERSION
from joulemark_simulation import records
from tests import laws

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"JM-[A-Z]+(?:-[A-Z]+)*")


def example(name: str) -> str:
    """The fenced block behind `<!-- example: name -->` in docs/protocol.md."""
    text = (ROOT / "docs" / "protocol.md").read_text()
    found = re.search(rf"<!-- example: {re.escape(name)} -->\n```\w+\n(.*?)\n```\n", text, re.DOTALL)
    assert found, name
    return found[1]


def test_the_statement_in_the_protocol_decodes() -> None:
    statement = decode(example("statement").encode(), Statement, what="example")
    assert statement.predicate.sensor.grade == "estimated"


def test_the_trace_in_the_protocol_is_the_one_its_statement_signs_for() -> None:
    from joulemark.energy.analysis import analyse
    from joulemark.record.trace import sha256

    statement = decode(example("statement").encode(), Statement, what="example")
    trace = decode(example("trace").encode(), Trace, what="example")
    assert sha256(encode(trace)) == statement.digest_of("trace")
    assert analyse(trace, statement.predicate.sensor).totals == statement.predicate.totals


def test_the_log_entry_in_the_protocol_is_one() -> None:
    from joulemark.log import leaf

    entry = leaf.decode(example("leaf").encode())
    assert (entry.kind, entry.version) == ("result-received", 2)


def run_ten_lines(tmp_path: Path, bundle: bytes) -> subprocess.CompletedProcess[str]:
    """The documented program on a bundle, in an interpreter that cannot see our code."""
    program, file = tmp_path / "verify.py", tmp_path / "result.joulemark.json"
    program.write_text(example("verify.py"))
    file.write_bytes(bundle)
    command = [sys.executable, "-I", str(program), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)


def test_ten_lines_of_securesystemslib_verify_a_bundle(tmp_path: Path) -> None:
    lines = [
        line for line in example("verify.py").splitlines() if line and not line.startswith(("import", "from"))
    ]
    assert len(lines) <= 10
    done = run_ten_lines(tmp_path, records.bundle().to_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("unchanged since it was signed by ")


@pytest.mark.laws
@pytest.mark.timeout(900)  # some 40,000 runs of the program under `make laws`, one for each byte otherwise
def test_the_ten_lines_catch_a_flip_of_any_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = compile(example("verify.py"), "verify.py", "exec")
    data = records.bundle(of=records.trace(windows=1, queries=1)).to_bytes()
    file = tmp_path / "result.joulemark.json"
    monkeypatch.setattr(sys, "argv", ["verify.py", str(file)])
    unseen = []
    chance = Random("which bit of a byte")  # noqa: S311 - chances, no secrets
    for place in range(len(data)):
        for bit in range(8) if laws.VARIABLE in os.environ else [chance.randrange(8)]:
            broken = bytearray(data)
            broken[place] ^= 1 << bit
            file.write_bytes(broken)
            try:
                exec(program, {})  # noqa: S102 - our own documented program
            except Exception:  # noqa: BLE001, S112 - whatever it raises, it has refused the file
                continue
            unseen.append((place, bit))
    assert unseen == []


def test_every_code_in_the_source_is_explained() -> None:
    agent, apps = ROOT / "agent" / "joulemark", ROOT / "measurements"
    rooms = [
        agent / "exports",
        agent / "record",
        agent / "rules",
        agent / "log",
        agent / "release",
        agent / "audit",
        agent / "leaderboard",
        agent / "reader",
        agent / "replay",
        agent / "witness",
        apps / "answer_cache",
        apps / "web",
        apps / "concurrency",
        apps / "catalog",
        apps / "ledger",
        apps / "published",
        apps / "intake",
        apps / "review",
        apps / "impact",
        apps / "boards",
        apps / "downloads",
        apps / "pages",
        apps / "webhooks",
        ROOT / "platform" / "joulemark_site",
    ]
    files = [path for room in rooms for path in room.rglob("*.py") if "doctor" not in path.parts]
    used = {code for path in files for code in CODE.findall(path.read_text())}
    explained = set(CODE.findall((ROOT / "docs" / "rules.md").read_text()))
    assert used - {"JM-HTTP"} <= explained
    assert explained - {"JM-HTTP"} <= used


def test_every_finding_of_the_platforms_doctor_is_of_a_documented_family() -> None:
    """Each says itself what to do."""
    doctor = ROOT / "platform" / "joulemark_site" / "doctor"
    used = {code for path in doctor.glob("*.py") for code in CODE.findall(path.read_text())}
    table = (ROOT / "docs" / "operations.md").read_text()
    families = tuple(re.findall(r"`(JM-[A-Z]+-)…`", table))
    assert len(used) > 30
    assert {
        code for code in used if not f"{code}-".startswith(families) and f"`{code}`" not in table
    } == set()


def test_the_rules_are_listed_in_their_order_with_their_severity() -> None:
    text = (ROOT / "docs" / "rules.md").read_text()
    section = text[text.index("## Rules, version") : text.index("## Refusals")]
    listed = re.findall(r"^\| `(JM-[A-Z-]+)` \| (\w+) \|", section, re.MULTILINE)
    assert listed == [(rule.code, rule.severity.value) for rule in RULES]
    assert section.startswith(f"## Rules, version {RULES_VERSION}\n")


def test_every_decision_is_numbered_once() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
