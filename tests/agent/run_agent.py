"""The real command line with the tiny suite, for tests that need a process of its own."""

import sys

import fake_suite

from joulemark.cli import main

if __name__ == "__main__":
    fake_suite.install(setattr)
    sys.exit(main())
