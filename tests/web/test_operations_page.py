"""docs/operations.md to the letter: each command is one, and each block is tried, here or where the list says."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, get_commands, load_command_class

from tests.processes import ROOT, SOURCE_ROOTS

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGES = ("README.md", "SECURITY.md", "CHANGELOG.md", "docs/operations.md", "docs/rules.md", "docs/trust.md")
BLOCKS: list[str] = re.findall(r"(?ms)^```sh\n(.*?)^```$", OPERATIONS)
TRIED = {
    "manage.py serve --bind 127.0.0.1:8000": "tests/web/test_operations_page.py",
    "docker compose run --rm certificate certonly": "tests/core/test_compose.py",
    "python manage.py watch  ": "tests/web/test_serve_all.py",
    "envsubst": "tests/web/test_operations_page.py",
    "systemctl daemon-reload": "tests/core/test_systemd_units.py",
    "--queues log,outgoing,sweeps,cells": "tests/web/test_operations_page.py",
    "pin_suite a100-2024 --dry-run": "tests/web/test_suites_handed_out.py",
    "publish_release --name": "tests/web/test_releases.py",
    "import_codecarbon": "tests/web/test_published_import.py",
    "simulate_crowd": "tests/web/test_simulate_crowd.py",
    "docker compose build": "tests/core/test_compose.py",
    "git pull && make install-platform": "tests/web/test_operations_page.py",
    "pip install --no-deps --require-hashes": "tests/core/test_lock.py",
    "python manage.py drill": "tests/web/test_operations_page.py",
    "export_site latest": "tests/web/test_static_copy.py",
    "python manage.py restore": "tests/web/test_operations_page.py",
    "docker compose stop proxy": "tests/core/test_compose.py",
    "python manage.py resume_log": "tests/contract/test_drill.py",
    "deploy/restore_wal.sh": "tests/contract/test_drill.py",
}
"""Words of each block, and the test that tries it; where only an engine or systemd could, the one that reads it."""
JOURNEY = (
    "prepare",
    "doctor --inside --json",
    "second_factor list",
    "unlock_login NAME",
    "sequence_log",
    "check_log",
    "rebuild_boards --check",
    "maintenance read-only --minutes 30",
    "maintenance off",
    "upgrade --plan",
    "upgrade --backup-to BACKUPS",
    "backup BACKUPS --keep 14",
    "drill BACKUP",
)
AFTERWARDS = ("restore BACKUP", "prepare", "check_log")
"""On a machine that has nothing but the backup."""
RUNNER = """
import sys, shlex, time
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
backups, newest = sys.argv[1], lambda: str(max(Path(sys.argv[1]).glob("2*")))
for line in sys.argv[2:]:
    begin_s = time.monotonic()
    words = [{"BACKUPS": backups}.get(word) or (newest() if word == "BACKUP" else word) for word in shlex.split(line)]
    try:
        call_command(*words)
    except SystemExit as end:
        assert words[0] == "doctor" and end.code == 1, (words, end.code)
    print(f"TRIED {line}: {time.monotonic() - begin_s:.1f} s", flush=True)
"""


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_names_is_one(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ")
    named = re.findall(r"manage\.py ([a-z][a-z_]+)((?: [^`\n#|&]*)?)", text)
    assert named or page != "docs/operations.md"
    for name, words in named:
        assert name in get_commands(), f"manage.py {name}"
        parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
        if not words.strip() or page != "docs/operations.md":
            continue
        try:
            parser.parse_args(shlex.split(words))
        except CommandError as error:
            raise AssertionError(f"manage.py {name}{words}: {error}") from error


def test_each_block_is_tried_by_one_test() -> None:
    assert len(BLOCKS) == len(TRIED)
    for words, test in TRIED.items():
        assert len([block for block in BLOCKS if words in block]) == 1, words
        assert (ROOT / test).exists(), test


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0][:40])
def test_a_shell_can_read_each_block(block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_the_workers_that_are_shown_take_every_queue() -> None:
    (block,) = [block for block in BLOCKS if "--queues" in block]
    taken = [name for names in re.findall(r"--queues (\S+)", block) for name in names.split(",")]
    assert sorted(taken) == sorted(settings.QUEUES)
    (sentence,) = re.findall(r"takes all (\w+), and empties", OPERATIONS)
    assert sentence == {5: "five", 6: "six", 7: "seven", 8: "eight"}[len(settings.QUEUES)]


def test_the_proxys_configuration_is_made_as_it_is_written(tmp_path: Path) -> None:
    """By the block itself, to places of this test; nginx reads it."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None or shutil.which("envsubst") is None:
        pytest.skip("nginx or envsubst is not on this machine: install nginx-light and gettext-base")
    (block,) = [block for block in BLOCKS if "envsubst" in block]
    made = tmp_path / "joulemark.conf"
    tls, ports = tmp_path / "tls", {"HTTP=80 ": "HTTP=127.0.0.1:8088 ", "HTTPS=443": "HTTPS=127.0.0.1:8444"}
    certificate = [sys.executable, "deploy/self_signed.py", str(tls), "localhost"]
    subprocess.run(certificate, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    block = block.replace("/etc/nginx/conf.d/joulemark.conf", str(made)).replace("nginx -t\n", "")
    block = block.replace("/etc/letsencrypt/live/joulemark.example", str(tls))
    for before, after in ports.items():
        assert before in block
        block = block.replace(before, after)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JOULEMARK_")}
    subprocess.run(["bash", "-eu", "-c", block], cwd=ROOT, env=inherited, check=True)
    assert "${" not in re.sub(r"(?m)^\s*#.*$", "", made.read_text())
    assert "$http_host" in made.read_text(), "nginx's own names stay"
    main = tmp_path / "nginx.conf"
    main.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ include {made}; }}")
    done = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-c", str(main)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def run(folder: Path, backups: Path, lines: tuple[str, ...]) -> str:
    """What the commands print, one after the other in one process, with the data in `folder`."""
    hidden = ("DATABASE_", "REDIS_", "CELERY_", "JOULEMARK_", "DJANGO_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {
        "PYTHONPATH": SOURCE_ROOTS,
        "DJANGO_SETTINGS_MODULE": "joulemark_site.settings",
        "JOULEMARK_DATA_DIR": str(folder),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, str(backups), *lines],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.processes
@pytest.mark.timeout(600)
def test_an_operator_goes_through_the_commands(tmp_path: Path) -> None:
    for line in (*JOURNEY, *AFTERWARDS):
        assert re.search(rf"\b{line.split()[0]}\b", OPERATIONS), line
    printed = run(tmp_path / "data", tmp_path / "backups", JOURNEY)
    print("\n".join(re.findall(r"TRIED .*", printed)))
    assert "This backup brings the platform back." in printed
    assert "The data fit this code." in printed
    again = run(tmp_path / "new machine", tmp_path / "backups", AFTERWARDS)
    assert "THE LOG WAITS: No place shows what was signed last" in again, "a backup alone cannot know"
