"""How many examples a law gets: few in every test run, at least a thousand under `make laws`.

A law is a property over the whole domain of a function. Mark its test `@pytest.mark.laws` and give it
`@law()`; `JOULEMARK_LAW_EXAMPLES` sets how many examples Hypothesis tries.
"""

import os

from hypothesis import settings

VARIABLE = "JOULEMARK_LAW_EXAMPLES"
IN_EVERY_RUN = 50
EXAMPLES = int(os.environ.get(VARIABLE, IN_EVERY_RUN))


def law(*, share: float = 1.0, in_every_run: int | None = None) -> settings:
    """Return a decorator that gives a test its number of examples; share < 1 for one whose example is dear.

    `in_every_run` makes them fewer where `JOULEMARK_LAW_EXAMPLES` is not set, and only there.
    """
    examples = EXAMPLES if in_every_run is None or VARIABLE in os.environ else in_every_run
    return settings(max_examples=max(1, round(examples * share)), deadline=None)
