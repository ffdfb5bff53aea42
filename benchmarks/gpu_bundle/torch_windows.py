"""Windows of matrix products under the agent's own measurement: what the estimators and the budget say on this card."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from joulemark import workloads
from joulemark.energy.analysis import Analysis, analyse
from joulemark.energy.budget import expanded
from joulemark.meters import timer as timers
from joulemark.meters.meter import sensor_of
from joulemark.record.codec import encode
from joulemark.session.measure import Measurement, measure
from joulemark.session.progress import Silent

if TYPE_CHECKING:
    from joulemark.meters.nvml.meter import NvmlMeter
    from joulemark.record.trace import Timing
    from joulemark.suite import Protocol

QUERY_S = 0.05


@dataclass(frozen=True)
class Output:
    """The answer of one query, which is none."""

    query_id: int
    value: str = ""
    output_tokens: int | None = None
    input_tokens: int | None = None


class Products:
    """A query keeps the GPU busy with products of matrices for 50 ms."""

    def __init__(self, device: str) -> None:
        self._kernel = workloads.busy_kernel(device)

    def answer(self, query: int) -> Output:
        """Returns when the device has finished."""
        self._kernel.run(QUERY_S)
        return Output(query)

    def synchronise(self) -> None:
        """The kernel has finished when it returns."""


class Stages(Silent):
    """Prints each stage once."""

    def stage(self, name: str, **_: Any) -> None:
        """Which one begins."""
        print(f"  {name}", flush=True)


def measured(
    device: str, meter: NvmlMeter, timing: Timing, protocol: Protocol
) -> tuple[Measurement, Analysis]:
    """One job of products. Raises AgentError or EnergyError."""
    queries: list[Any] = list(range(protocol.queries))
    work: Any = Products(device)
    yielded = measure(work, queries, meter, protocol, Stages(), timings=(timing,), timer=timers.RealTimer())
    return yielded, analyse(yielded.trace, sensor_of(meter), board_name=meter.device().name)


def numbers(analysis: Analysis) -> dict[str, Any]:
    """An analysis as JSON has it."""
    return {
        "windows": [asdict(window) for window in analysis.windows],
        "idle": msgspec.to_builtins(analysis.idle),
        "totals": msgspec.to_builtins(analysis.totals),
        "estimates": analysis.estimates,
        "not_estimated": analysis.not_estimated,
        "comparisons": msgspec.to_builtins(analysis.comparisons),
        "budget": msgspec.to_builtins(analysis.budget),
        "expanded": expanded(analysis.budget),
        "flags": list(analysis.flags),
    }


def as_json(record: Any) -> Any:
    """A record as plain JSON."""
    return msgspec.json.decode(encode(record))
