"""A few honest sessions on simulated GPUs, kept in a file; started in a simulation's environment: `FILE`."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".", "agent", "simulation", "tests/agent")]

from benchmarks.honest_sessions import chosen, chosen_by_rapl

GENERATE = "text_generation/text_generation/text-generation-{}"
CLASSIFY = "text_classification/text_classification/text-classification-{}"
CHOSEN = {
    "a100": ("a100-sxm4-80gb", "full", GENERATE.format(1722408960)),
    "l4": ("l4", "full", GENERATE.format(124439808)),
    "rtx-3090": ("rtx-3090", "part_time", CLASSIFY.format(66955010)),
}

RAPL = CLASSIFY.format(22713216)

if __name__ == "__main__":
    cases = {name: chosen(*how).case for name, how in CHOSEN.items()} | {"rapl": chosen_by_rapl(RAPL).case}
    kept = {name: (case.statement, case.trace, case.context) for name, case in cases.items()}
    Path(sys.argv[1]).write_bytes(pickle.dumps(kept))
