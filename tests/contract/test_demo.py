"""`manage.py demo`: it talks to its own platform only, prints receipts, and ends on Ctrl-C with a sentence."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from joulemark_site.demo import Demo, DemoFailed
from tests.processes import ROOT, free_port

NOT_OURS = {"origin": "http://127.0.0.1:1", "key_id": "0" * 64, "public_key": "0" * 64}


class Foreign(BaseHTTPRequestHandler):
    """Another platform: it has a key, which is not the demo's."""

    def do_GET(self) -> None:
        body = json.dumps(NOT_OURS).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def foreign_port() -> Iterator[int]:
    """The port at which another platform serves."""
    server = HTTPServer(("127.0.0.1", 0), Foreign)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_port_in_use_ends_the_demo_with_a_sentence_and_nothing_is_touched(
    foreign_port: int, tmp_path: Path
) -> None:
    kept = tmp_path / "demo" / "kept"
    kept.parent.mkdir()
    kept.touch()
    with pytest.raises(CommandError, match=rf"Port {foreign_port} .* cannot be used .*--port"):
        call_command("demo", "--check", "--port", str(foreign_port), "--folder", str(kept.parent))
    assert list(kept.parent.iterdir()) == [kept]


@pytest.mark.processes
def test_a_foreign_platform_is_not_taken_for_the_demos_own(foreign_port: int, tmp_path: Path) -> None:
    """As if it had begun to listen after the demo had found the port free."""
    demo = Demo(folder=tmp_path / "demo", origin=f"http://127.0.0.1:{foreign_port}")
    with pytest.raises(DemoFailed, match=r"Another server answers .*--port"), demo.serving():
        pytest.fail("the demo talks to a platform that is not its own")


@pytest.mark.processes
def test_the_demos_own_platform_is_known_by_its_key(tmp_path: Path) -> None:
    demo = Demo(folder=tmp_path / "demo", origin=f"http://127.0.0.1:{free_port()}")
    demo.manage("prepare")
    with demo.serving():
        assert json.loads(demo.get("/api/v1/platform"))["origin"] == demo.origin


def test_the_demo_prints_a_receipt_for_each_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {f"{number}.json": ("ab" * 31 + f"{number:02}", number) for number in range(2)}

    def answer(_self: Demo, *words: str) -> dict[str, Any]:
        if words == ("show",):
            return {"results": [{"file": file, "state": "sent"} for file in kept]}
        result_id, leaf = kept[words[1]]
        receipt = {"leaf_index": None, "received_at": "2026-01-02T03:04:05+00:00", "public_key": "cd" * 32}
        return {"ok": True, "result_id": result_id, "receipt": receipt, "log": {"index": leaf, "size": 9}}

    class Served:
        def wait(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(Demo, "manage", lambda *_: None)
    monkeypatch.setattr(Demo, "agent", lambda *_: None)
    monkeypatch.setattr(Demo, "agent_json", answer)
    monkeypatch.setattr(Demo, "serving", lambda _self: contextlib.nullcontext(Served()))
    out = io.StringIO()
    where = ["--port", str(free_port()), "--folder", str(tmp_path / "demo")]
    call_command("demo", *where, stdout=out)
    lines = [line for line in out.getvalue().splitlines() if "leaf" in line]
    assert lines == [
        f"  abababababababab  leaf {number}    received at 2026-01-02T03:04:05+00:00" for number in range(2)
    ]


@pytest.mark.processes
@pytest.mark.weights
def test_ctrl_c_while_measuring_ends_with_one_sentence(tmp_path: Path) -> None:
    where = ["--port", str(free_port()), "--folder", str(tmp_path / "demo")]
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from manage import main; main()"
    )
    demo = subprocess.Popen(
        [sys.executable, "-c", code, "demo", *where],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("Results go to"):
                break
        os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
        rest = demo.communicate(timeout=60)[0]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGKILL)
        demo.wait()
    assert demo.returncode == 130, rest
    assert "Traceback" not in rest
    assert rest.rstrip().endswith("Interrupted. Run it again to resume: what is finished is kept.")
