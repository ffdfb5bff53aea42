"""What a process of the platform loads before it begins, and what it then keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.processes import SOURCE_ROOTS

ROOT = Path(__file__).parents[2]
OURS = sorted(
    name for name, app in get_commands().items() if app.startswith(("measurements.", "joulemark_site"))
)


def run(folder: Path, program: str) -> str:
    """What a program of Python prints that has the platform's sources and settings."""
    environment = {**os.environ, "PYTHONPATH": SOURCE_ROOTS, "JOULEMARK_DATA_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("name", OURS)
def test_a_command_does_not_load_every_view_to_check_the_code(name: str) -> None:
    """Django's checks are of the code, which `make check` has checked; they take as long as the rest of a start."""
    assert load_command_class(get_commands()[name], name).requires_system_checks == ()


def test_a_command_loads_no_view(tmp_path: Path) -> None:
    program = (
        "import runpy, sys; sys.argv = ['manage.py', 'load_catalog', '--help']\n"
        "try: runpy.run_path('manage.py', run_name='__main__')\n"
        "except SystemExit: print('joulemark_site.urls' in sys.modules, 'measurements.ledger.models' in sys.modules)"
    )
    assert run(tmp_path, program).splitlines()[-1] == "False True"


def test_a_web_process_has_loaded_its_views_and_keeps_them(tmp_path: Path) -> None:
    program = (
        "import gc, sys, joulemark_site.wsgi\n"
        "print('measurements.pages.urls' in sys.modules, gc.isenabled(), gc.get_freeze_count() > 100_000)"
    )
    assert run(tmp_path, program).splitlines()[-1] == "True True True"
