"""What the card does while it is measured: bursts, an answer of a language model, square waves, a steady load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.meters.virtual import VirtualTime, Window
    from joulemark_simulation.nvml.cards import Card

LOAD = 0.78  # of the card's power limit, as a busy card draws
PREFILL, TOKEN, BETWEEN = (
    0.80,
    0.62,
    0.48,
)  # a prompt is worked off at once; then token by token, with less between
PREFILL_S, TOKEN_S, BETWEEN_S, TOKENS = 0.3, 0.018, 0.012, 40


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One repetition on one card, and how many of them are measured.

    `steps` are watts and seconds. With a `fixed_pause_s` the repetitions follow each other as kernels of a loop do:
    a meter that cannot choose their starts gets them as one train.
    """

    name: str
    repetitions: int
    steps: tuple[tuple[float, float], ...]
    fixed_pause_s: float | None = None

    def run_once(self, time: VirtualTime) -> Window:
        """One repetition, from now; returns when it began and ended."""
        return time.loads(self.steps)

    def run_train(self, time: VirtualTime) -> Window:
        """All repetitions, each followed by the fixed pause; returns when the first began and the last pause ended."""
        if self.fixed_pause_s is None:
            raise ValueError(f"{self.name} has no fixed pause: its repetitions are run one by one.")
        start_s = end_s = time.now_s()
        for _ in range(self.repetitions):
            _, busy_until_s = time.loads(self.steps)
            end_s = busy_until_s + self.fixed_pause_s
            time.pass_until(end_s)
        return start_s, end_s


def workloads(card: Card) -> tuple[Workload, ...]:
    """All of them on `card`, in the order of the table; watts are shares of the card's power limit."""
    busy_w = LOAD * card.limit_w

    def burst(name: str, seconds: float, repetitions: int, pause_s: float | None = None) -> Workload:
        steps = ((busy_w, seconds),)
        return Workload(name=name, repetitions=repetitions, steps=steps, fixed_pause_s=pause_s)

    token = ((TOKEN * card.limit_w, TOKEN_S), (BETWEEN * card.limit_w, BETWEEN_S))
    answer = ((PREFILL * card.limit_w, PREFILL_S), *(TOKENS * token))
    return (
        burst("30 ms burst x1", 0.030, 1),
        burst("30 ms burst x64", 0.030, 64),
        burst("300 ms burst x64", 0.300, 64),
        Workload(name="LLM-like 1.5 s x32", repetitions=32, steps=answer),
        burst("square 20/80 ms x256", 0.020, 256, 0.080),
        burst("square 20/77 ms x256", 0.020, 256, 0.077),
        burst("steady 8 s x4", 8.0, 4),
    )
