"""`make faults`: production under every fault there is, and nothing lost, nothing twice: `python -m tests.faults`.

FAULTS_UPLOADS signed results (5,000) are sent by volunteers' clients while FAULTS_SEED decides the order of faults;
each kind comes FAULTS_ROUNDS times (three times, once for less than 2,000). `--short`: the quick kinds alone. Printed
is a table of the kinds, with uploads acknowledged, found and doubled, and what health said; build/faults.json has the
same. The exit status is 1 when anything is amiss. Logs stay in the folder that is printed then.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".", "platform", "agent", "simulation")]

from tests.faults import namespaces


def main() -> int:
    """Enter the namespaces, then run."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="the quick kinds alone, once each")
    parser.add_argument("--only", help="kinds whose names contain this, for who mends one")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "build" / "faults.json", help="default: %(default)s"
    )
    options = parser.parse_args()
    namespaces.enter("tests.faults", sys.argv[1:])
    from tests.faults.run import run

    began_s = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began_s:6.1f} s  {line}", flush=True)

    uploads = int(os.environ.get("FAULTS_UPLOADS", "5000"))
    rounds = int(os.environ.get("FAULTS_ROUNDS", "3" if uploads >= 2000 else "1"))
    folder = Path(tempfile.mkdtemp(prefix="jm-faults-"))
    folder.chmod(0o755)
    is_whole = run(
        folder,
        uploads=uploads,
        rounds=rounds,
        seed=int(os.environ.get("FAULTS_SEED", "17")),
        short=options.short,
        only=options.only,
        report=options.json,
        tell=tell,
    )
    if is_whole:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        tell(f"logs: {folder}")
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
