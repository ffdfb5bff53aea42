"""The real command line with the tiny suite, for tests that need a process of its own."""

import signal
import sys

from joulemark.cli import main
from tests.agent import fake_suite

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a script ignores it
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and so do the children of `nohup`
    fake_suite.install(setattr)
    sys.exit(main())
