"""The Django project that wires Joulemark's apps together."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
"""Set before numpy is loaded: the platform's matrices are small, and threads that wait for one another between them
cost up to twenty times the processor time of one thread. Each process works for itself; an operator may set another."""
