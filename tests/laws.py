"""How many examples a law gets: few in every test run, at least a thousand under `make laws`.

A law is a property over the whole domain of a function. Mark its test `@pytest.mark.laws` and give it
`@law()`; `JOULEMARK_LAW_EXAMPLES` sets how many examples Hypothesis tries.
"""

import os

from hypothesis import settings

VARIABLE = "JOULEMARK_LAW_EXAMPLES"
IN_EVERY_RUN = 100
EXAMPLES = int(os.environ.get(VARIABLE, IN_EVERY_RUN))


def law(*, share: float = 1.0) -> settings:
    """Return a decorator that gives a test its number of examples; share < 1 for one whose example is dear."""
    return settings(max_examples=max(1, round(EXAMPLES * share)), deadline=None)
