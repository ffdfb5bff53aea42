"""`joulemark` whose audits look as often again before they call something a fault, in a tenth of the time."""

from __future__ import annotations

import sys

from joulemark.audit import auditor
from joulemark.cli import main

first_s, second_s, third_s = auditor.PAUSES_S
auditor.PAUSES_S = (first_s / 10, second_s / 10, third_s / 10)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
