"""Energy meters side by side on simulated cards. Run by `make bench-meters`, or `python -m benchmarks.meters`.

The simulated cards are those of `simulation/`, which is put at the end of the import path.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if str(ROOT / "simulation") not in sys.path:
    sys.path.append(str(ROOT / "simulation"))
