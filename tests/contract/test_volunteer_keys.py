"""A volunteer's keys and second thoughts, with the real command and a real platform."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Platform, embedded_platform

pytestmark = [pytest.mark.long, pytest.mark.processes, pytest.mark.weights, pytest.mark.timeout(300)]

MINILM = "text_classification/*/minilm-l6-v2"
PASSPHRASE = "correct horse battery"  # noqa: S105 - of a key that lives as long as this test


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Platform]:
    """An embedded platform, and in its environment an agent that has a locked key."""
    with embedded_platform(folder=tmp_path) as platform:
        platform.environment |= {
            "JOULEMARK_PLATFORM": platform.origin,
            "JOULEMARK_PASSPHRASE": PASSPHRASE,
            "TMPDIR": str(tmp_path),
            **{f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")},
        }
        platform.start_web()
        yield platform


def joulemark(platform: Platform, *words: str, code: int = 0, **environment: str) -> dict[str, Any]:
    """The answer of a command, which must end with `code`."""
    done = subprocess.run(
        [sys.executable, "-m", "joulemark", *words, "--json"],
        cwd=platform.folder,
        env={**platform.environment, **environment},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_keys_rotate_and_results_are_withdrawn_and_appealed(running: Platform) -> None:
    key_file = running.folder / "config" / "joulemark" / "key.pem"
    first = joulemark(running, "enrol", "--passphrase")
    assert b"ENCRYPTED" in key_file.read_bytes()
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    locked = joulemark(
        running, "run", "--only", MINILM, "--meter", "estimate", code=2, JOULEMARK_PASSPHRASE=""
    )
    assert "JOULEMARK_PASSPHRASE" in locked["error"]["sentence"]
    wrong = joulemark(running, "rotate", code=2, JOULEMARK_PASSPHRASE="something else")  # noqa: S106
    assert "does not open" in wrong["error"]["sentence"]

    counted, doubted = joulemark(running, "run", "--only", MINILM, "--meter", "estimate")["results"]
    second = joulemark(running, "rotate")
    assert second["contributor"] == first["contributor"]
    assert second["key_id"] != first["key_id"]
    assert b"ENCRYPTED" in key_file.read_bytes()
    assert (key_file.parent / f"key-{first['key_id'][:16]}.pem").exists()
    assert not (key_file.parent / "key-next.pem").exists()

    gone = joulemark(running, "withdraw", counted["result_id"][:12], "--reason", "wrong-machine")
    assert gone["result"]["state"] == "withdrawn"
    refused = joulemark(running, "appeal", doubted["result_id"], "--words", "It is fine.", code=4)
    assert refused["error"]["code"] == "JM-STATE"

    revoked = joulemark(
        running, "revoke", "--key", first["key_id"], "--reason", "stolen", "--since", "2020-01-01"
    )
    assert revoked["judged_again"] == 2
    states = {one["result_id"]: one for one in joulemark(running, "status")["results"]}
    assert states[counted["result_id"]]["state"] == "withdrawn"
    assert states[doubted["result_id"]]["state"] == "rejected"
    appealed = joulemark(running, "appeal", doubted["result_id"], "--words", "It was measured before.")
    assert appealed["result_id"] == doubted["result_id"]
    page = running.get(f"/results/{doubted['result_id']}/")[1].decode()
    assert "JM-KEY-REVOKED" in page
    assert "It was measured before." in page


def test_a_rotation_that_was_cut_off_is_finished_by_the_next(running: Platform) -> None:
    """The platform has taken the new key, and the answer did not arrive."""
    first = joulemark(running, "enrol", "--passphrase")
    config = running.folder / "config" / "joulemark"
    kept = (config / "key.pem").read_bytes()
    second = joulemark(running, "rotate")
    taken = (config / "key.pem").read_bytes()
    (config / "key-next.pem").write_bytes(taken)
    (config / "key.pem").write_bytes(kept)
    (config / "key-next.pem").chmod(0o600)
    (enrolment,) = (config / "platforms").iterdir()
    said = json.loads(enrolment.read_bytes())
    enrolment.write_text(json.dumps({**said, "key_id": first["key_id"]}, separators=(",", ":")) + "\n")
    again = joulemark(running, "rotate")
    assert (again["key_id"], again["contributor"]) == (second["key_id"], first["contributor"])
    assert (config / "key.pem").read_bytes() == taken
    assert not (config / "key-next.pem").exists()
