"""Energy meters side by side on simulated cards. Run by `make bench-meters`, or `python -m benchmarks.meters`.

The simulation is the tests' own (tests/nvml_sim), so its folder is put at the end of the import path.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if str(ROOT / "tests") not in sys.path:
    sys.path.append(str(ROOT / "tests"))
