"""`python deploy/probe.py URL`: exit status 0 where the address answers 200 within three seconds, else 1.

What the address says is printed either way: `/readyz` names what is amiss.
"""

from __future__ import annotations

import sys
import urllib.request
from urllib.error import HTTPError

LIMIT_S = 3.0


def main() -> int:
    """Ask once, and say in one line why it was not well."""
    try:
        with urllib.request.urlopen(sys.argv[1], timeout=LIMIT_S) as answer:
            print(answer.read().decode(errors="replace").strip())
            return 0 if answer.status == 200 else 1
    except HTTPError as refusal:
        print(refusal.read().decode(errors="replace").strip())
        print(refusal, file=sys.stderr)
        return 1
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
