"""A simulated card under the machine's own clock, in an installed agent: its kernels run on the processor.

A fresh environment imports this module at each start (`install_into`). Where a simulation is running, torch, which sees
no card on a machine without one, computes on the processor, and the card draws power meanwhile; all else is the
agent's own: models, tokenizers and rows of the hub, the meter, the probe, tickets, signing, sending.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fresh_environment import FreshEnvironment

CLOCK = "NVML_SIM_CLOCK"
WATTS = 200.0
QUERY_S = 0.02
"""A query takes so long on the card, or longer where the processor does."""
RESERVED_BYTES = 64 * 2**20
"""What the card's memory holds beside the weights."""


def install_into(fresh: FreshEnvironment) -> None:
    """Let each Python of the environment import this module when it starts."""
    question = [str(fresh.python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(question, check=True, capture_output=True, text=True).stdout.strip())
    module = Path(__file__)
    lines = (
        f"{module.parents[1] / 'simulation'}",
        f"{module.parent}",
        f"import os; {CLOCK!r} in os.environ and __import__({module.stem!r})",
    )
    (site / "simulated_device.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")


class Kernel:
    """What the probe runs: the card draws power for so many seconds."""

    def run(self, seconds: float) -> None:
        """Draw power for so long."""
        _draw(WATTS, seconds)


class OnCard:
    """A workload of torch on the processor, whose card draws power while it answers."""

    def __init__(self, workload: Any) -> None:
        self._workload, self._bytes = workload, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._workload, name)

    def load(self) -> Any:
        """As loaded, on the card."""
        loaded = self._workload.load()
        self._bytes = 4 * loaded.parameters
        return replace(loaded, device="cuda")

    def answer(self, query: Any) -> Any:
        """The model's own answer, in the time of the card."""
        ends_s = time.monotonic() + QUERY_S
        with _clock().load(WATTS):
            output = self._workload.answer(query)
            time.sleep(max(ends_s - time.monotonic(), 0.0))
        return output

    def peak_memory_bytes(self) -> int:
        """What the weights take, in 32-bit floats, and some more."""
        return self._bytes + RESERVED_BYTES


def _draw(watts: float, seconds: float) -> None:
    """The card draws `watts` for so long."""
    with _clock().load(watts):
        time.sleep(seconds)


def _control_kernel(_device: str, **shape: int) -> Any:
    from joulemark_simulation.nvml.control import SimulatedControl

    return SimulatedControl(_draw, **shape)


def _clock() -> Any:
    global _opened  # noqa: PLW0603 - one simulation a process
    if _opened is None:
        from joulemark_simulation.nvml.clock import Clock

        _opened = Clock(Path(os.environ[CLOCK]))
    return _opened


_opened: Any = None


def _replace_torch_device() -> None:
    """Put the card's kernels where the agent looks for torch's."""
    from joulemark import workloads

    first_kernel, open_workload = workloads.run_first_kernel, workloads.open_workload

    def on_card(suite: Any, job: Any, *, cache_dir: Path, **_device: str) -> OnCard:
        return OnCard(open_workload(suite, job, device="cpu", cache_dir=cache_dir))

    vars(workloads).update(
        run_first_kernel=lambda _device, _gpu=None: first_kernel("cpu"),
        busy_kernel=lambda _device: Kernel(),
        control_kernel=_control_kernel,
        open_workload=on_card,
    )


if __name__ == "simulated_device" and find_spec("joulemark") is not None:  # pip comes before it
    _replace_torch_device()
