#!/usr/bin/env python
"""Django's command line. Puts the source roots on sys.path, so that a checkout runs before anything is installed."""

import gc
import os
import sys
from contextlib import nullcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def main() -> None:
    """Run the command that argv names."""
    for source_root in (ROOT / "agent", ROOT / "simulation", ROOT / "platform", ROOT):
        if str(source_root) not in sys.path:
            sys.path.insert(0, str(source_root))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "joulemark_site.settings")
    gc.set_threshold(
        50_000
    )  # what is imported stays: to look for garbage among it takes a seventh of a start
    from django.core.management import execute_from_command_line

    from joulemark_site.environment import BadSetting, collected_faults

    try:
        with collected_faults() if sys.argv[1:2] == ["doctor"] else nullcontext():
            execute_from_command_line(sys.argv)
    except BadSetting as error:
        sys.exit(f"manage.py: {error}")


if __name__ == "__main__":
    main()
