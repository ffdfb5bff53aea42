"""`joulemark run` under the machine's own clock, on five cards side by side: the demo suite's rests find their ticks.

`make real-clock` has more runs, the other suites and the probe.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from joulemark.energy.budget import expanded
from joulemark.record import bundle as bundles
from joulemark.record import trace as traces
from joulemark.record.codec import encode
from joulemark.record.trace import Timing
from tests.agent.real_clock import CARDS, Ended, run

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.long
QUERY_S, WATTS = 0.05, 200.0
TIMINGS = {
    "A100": Timing(period_us=100_000, settle_us=105_000, delay_us=-20_000, coverage="part-time"),
    "H100": Timing(period_us=100_000, settle_us=105_000, delay_us=-20_000, coverage="part-time"),
    "V100": Timing(period_us=20_000, settle_us=31_000, delay_us=10_000, coverage="full"),
    "GA102": Timing(period_us=100_000, settle_us=155_000, delay_us=50_000, coverage="full"),
    "uneven": Timing(period_us=100_000, settle_us=450_000, delay_us=245_000, coverage="full"),
}
"""As `joulemark doctor` finds them."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ended]:
    def of(name: str) -> Ended:
        home = tmp_path_factory.mktemp(name)
        return run(name, "demo", home, timing=encode(TIMINGS[name]).decode())

    with ThreadPoolExecutor(len(CARDS)) as pool:
        return dict(zip(CARDS, pool.map(of, CARDS), strict=True))


@pytest.mark.parametrize("name", CARDS)
def test_the_demo_suite_gives_a_result(ended: Mapping[str, Ended], name: str) -> None:
    one = ended[name]
    assert one.code == 0, one.err
    (result,) = one.answer["results"]
    bundle = bundles.parse(Path(result["file"]).read_bytes())
    said, trace = bundle.statement().predicate, traces.parse(traces.unpack(bundle.trace))
    assert said.idle is not None
    assert (
        46.0 <= said.idle.before_w <= 55.0
    )  # 50 W, up to 4 W that decay, and the counter's steps over one second
    busy_s = sum(sum(queries.duration_us) for queries in trace.queries) / 1e6
    assert said.totals.energy_per_query_j == pytest.approx(
        WATTS * busy_s / said.totals.queries, rel=1.5 * expanded(said.budget)
    )
