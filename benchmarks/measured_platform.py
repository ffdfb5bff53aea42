"""The platform that benchmarks measure: what its processes find in their environment, and which PostgreSQL it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from joulemark_simulation import records

if TYPE_CHECKING:
    from joulemark_simulation.services import Services

ROOT = Path(__file__).resolve().parents[1]
UNLIMITED = (
    "prefix=100000000/h,enrolment=100000000/h,ticket=100000000/h,result=100000000/h,request=100000000/h"
)


def environment(running: Services, folder: str) -> dict[str, str]:
    """What the platform's processes find in their environment."""
    return {
        **running.environment(),
        "JOULEMARK_DATA_DIR": folder,
        "JOULEMARK_ORIGIN": records.ORIGIN,
        "JOULEMARK_LOG_LEVEL": "WARNING",
        "JOULEMARK_RATES": UNLIMITED,
        "PYTHONPATH": os.pathsep.join(str(ROOT / place) for place in ("agent", "platform", "")),
    }


def prepare(ours: dict[str, str]) -> None:
    """Make the platform's tables, catalogue and static files."""
    words = [sys.executable, "manage.py", "prepare"]
    subprocess.run(words, cwd=ROOT, env={**os.environ, **ours}, check=True, stdout=subprocess.DEVNULL)


def server_version(running: Services) -> str:
    """PostgreSQL's version."""
    with psycopg.connect(running.database_url or "") as connection:
        return str(connection.execute("SHOW server_version").fetchall()[0][0])
